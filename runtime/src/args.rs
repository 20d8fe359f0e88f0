//! Flags of a component: ours, with the user's merged over them.

use os_config::FlagArgs;

/// Flags in the order in which they were set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Args(Vec<(String, Vec<String>)>);

/// Lists that a user adds to rather than replaces.
const JOINED: [&str; 4] = [
    "feature-gates",
    "enable-admission-plugins",
    "disable-admission-plugins",
    "service-account-issuer",
];

impl Args {
    /// Adds `--name=value`.
    pub(crate) fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.into(), vec![value.into()]));
        self
    }

    /// Puts the user's flags over ours; the configuration has refused those that would break the node.
    pub(crate) fn merged(mut self, user: &FlagArgs) -> Self {
        for (flag, values) in user {
            let flag = flag.as_str();
            match self.0.iter_mut().find(|(name, _)| name == flag) {
                Some((name, ours)) if JOINED.contains(&name.as_str()) => {
                    if name == "service-account-issuer" {
                        ours.extend(values.iter().cloned());
                    } else {
                        let all: Vec<_> = ours.drain(..).chain(values.iter().cloned()).collect();
                        ours.push(all.join(","));
                    }
                }
                Some((_, ours)) => ours.clone_from(values),
                None => self.0.push((flag.to_owned(), values.clone())),
            }
        }
        self
    }

    /// As the component takes them.
    pub(crate) fn into_vec(self) -> Vec<String> {
        let line = |(name, values): (String, Vec<String>)| {
            values
                .into_iter()
                .map(move |value| format!("--{name}={value}"))
        };
        self.0.into_iter().flat_map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Args;
    use os_config::FlagArgs;

    fn user(flags: &[(&str, &[&str])]) -> FlagArgs {
        let own = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect();
        flags
            .iter()
            .map(|(name, values)| (name.parse().expect("a flag"), own(values)))
            .collect()
    }

    #[test]
    fn the_users_flags_go_over_ours() {
        let ours = || Args::default().set("a", "1").set("feature-gates", "X=true");
        for (case, flags, expected) in [
            (
                "nothing",
                user(&[]),
                vec!["--a=1", "--feature-gates=X=true"],
            ),
            (
                "replaced",
                user(&[("a", &["2"])]),
                vec!["--a=2", "--feature-gates=X=true"],
            ),
            (
                "repeated",
                user(&[("a", &["2", "3"])]),
                vec!["--a=2", "--a=3", "--feature-gates=X=true"],
            ),
            (
                "added",
                user(&[("b", &["9"])]),
                vec!["--a=1", "--feature-gates=X=true", "--b=9"],
            ),
            (
                "joined",
                user(&[("feature-gates", &["Y=true"])]),
                vec!["--a=1", "--feature-gates=X=true,Y=true"],
            ),
        ] {
            let merged = ours().merged(&flags);
            assert_eq!(merged.into_vec(), expected, "{case}");
        }
    }
}
