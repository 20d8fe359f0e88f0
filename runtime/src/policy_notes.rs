//! What the kubelet notes on disk about processors and memory that it gave to running pods.
//!
//! It refuses to start with notes that it cannot read or that were made under another policy than the configured one.

use os_config::FlagArgs;
use serde::Deserialize;

/// One of the kubelet's notes.
#[derive(Debug)]
pub(crate) struct Note {
    /// Its name in the kubelet's folder.
    pub(crate) file: &'static str,
    /// The flag that names the policy, and the policy without it; none for notes that have none.
    policy: Option<(&'static str, &'static str)>,
}

/// All of them.
pub(crate) const NOTES: [Note; 3] = [
    Note {
        file: "cpu_manager_state",
        policy: Some(("cpu-manager-policy", "none")),
    },
    Note {
        file: "memory_manager_state",
        policy: Some(("memory-manager-policy", "None")),
    },
    Note {
        file: "dra_manager_state",
        policy: None,
    },
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    policy_name: String,
}

impl Note {
    /// Whether the kubelet would not start with this `content` and these flags.
    pub(crate) fn is_void(&self, content: Option<Vec<u8>>, flags: &FlagArgs) -> bool {
        let (Some((flag, default)), Some(content)) = (self.policy, content) else {
            return false;
        };
        let configured = flags.iter().find(|(name, _)| name.as_str() == flag);
        let configured = configured.and_then(|(_, values)| values.last());
        let configured = configured.map_or(default, String::as_str);
        serde_json::from_slice::<Content>(&content)
            .map_or(true, |content| content.policy_name != configured)
    }
}

#[cfg(test)]
mod tests {
    use super::NOTES;
    use os_config::FlagArgs;

    #[test]
    fn notes_under_another_policy_are_void() {
        let [cpu, memory, dra] = NOTES;
        let none = r#"{"policyName":"none","defaultCpuSet":"","checksum":1353318690}"#;
        let fixed = r#"{"policyName":"static","defaultCpuSet":"0-3","checksum":7}"#;
        let no_memory = r#"{"policyName":"None","checksum":4236770233}"#;
        for (case, note, content, flag, void) in [
            ("no notes", &cpu, None, "cpu-manager-policy=static", false),
            ("the default", &cpu, Some(none), "", false),
            (
                "written out",
                &cpu,
                Some(none),
                "cpu-manager-policy=none",
                false,
            ),
            (
                "now static",
                &cpu,
                Some(none),
                "cpu-manager-policy=static",
                true,
            ),
            (
                "still static",
                &cpu,
                Some(fixed),
                "cpu-manager-policy=static",
                false,
            ),
            ("no longer static", &cpu, Some(fixed), "", true),
            ("unreadable", &cpu, Some("{"), "", true),
            ("memory's default", &memory, Some(no_memory), "", false),
            (
                "memory, now static",
                &memory,
                Some(no_memory),
                "memory-manager-policy=Static",
                true,
            ),
            ("without a policy", &dra, Some("{}"), "", false),
        ] {
            let flags: FlagArgs = flag
                .split_once('=')
                .map(|(name, value)| (name.parse().expect("a flag"), vec![value.to_owned()]))
                .into_iter()
                .collect();
            let content = content.map(|text| text.as_bytes().to_vec());
            assert_eq!(note.is_void(content, &flags), void, "{case}");
        }
    }
}
