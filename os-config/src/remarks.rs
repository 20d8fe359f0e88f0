//! What is right and still not what people want: `holdfast config check` and `migrate` say it, and nothing is refused.

use std::fmt;

use crate::config::Config;
use crate::values::TaintEffect;

/// Something to think about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The key.
    pub key: String,
    /// What it leads to, and what to write instead.
    pub message: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.message)
    }
}

/// What there is to think about in a configuration.
pub fn remarks(config: &Config) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let mut remark = |key: &str, message: String| {
        let key = key.to_owned();
        remarks.push(Remark { key, message });
    };
    if config.ssh_authorized_keys.is_empty() && config.password.is_none() {
        remark(
            "ssh_authorized_keys",
            "nobody can log in: there is neither a key nor a `password`".to_owned(),
        );
    }
    for (index, taint) in config.taints.iter().enumerate() {
        if taint.effect == TaintEffect::NoExecute {
            remark(
                &format!("taints[{index}]"),
                format!(
                    "{taint} keeps every workload that does not tolerate it away, and this node is its whole cluster"
                ),
            );
        }
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::remarks;
    use crate::parse_config;

    #[test]
    fn what_is_remarked() {
        let key = "ssh_authorized_keys: [github:alice]";
        let cases = [
            (key, &[][..]),
            ("password: a long password", &[]),
            ("hostname: a", &["ssh_authorized_keys"]),
            (
                &format!("{key}\ntaints: [a=b:NoSchedule, a=b:NoExecute]"),
                &["taints[1]"],
            ),
        ];
        for (text, want) in cases {
            let text = format!("version: 1\n{text}\n");
            let config =
                parse_config("config.yaml", text.as_bytes()).unwrap_or_else(|r| panic!("{r}"));
            let keys: Vec<String> = remarks(&config).into_iter().map(|r| r.key).collect();
            assert_eq!(keys, want, "{text}");
        }
    }
}
