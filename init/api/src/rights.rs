//! What a service may do on the node.

use crate::{Calls, Capability};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Folders that hold secrets, other parts' state, or a way to command the node. A service with a view of its own does not see them,
/// unless it is said that it does.
pub const HIDDEN_FOLDERS: [&str; 13] = [
    "/config",
    "/state",
    "/root",
    "/home",
    "/etc/ssh",
    "/etc/NetworkManager",
    "/var/lib/holdfast",
    "/var/lib/holdfast/cluster",
    "/var/lib/containerd",
    "/var/lib/kubelet",
    "/run/holdfast",
    "/run/holdfast/cluster",
    "/run/containerd",
];

/// Files of the same kind.
pub const HIDDEN_FILES: [&str; 2] = ["/etc/shadow", "/etc/gshadow"];

/// What a service may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Rights {
    /// All that root may.
    All {
        /// Why.
        why: String,
    },
    /// Only this.
    Only(Box<Confinement>),
}

/// The limits of a service and of all that it starts. What is not listed is taken away; each thing that is left has its reason.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confinement {
    /// Capabilities that stay in its bounding set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capabilities: BTreeMap<Capability, String>,
    /// Kinds of system calls that it may make; calls of the other kinds give EPERM.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub calls: BTreeMap<Calls, String>,
    /// Why programs that it starts may gain rights that it lacks, by setuid; absent: they may not (`no_new_privs`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gains_rights: Option<String>,
    /// What it sees of the file systems.
    pub files: Files,
}

/// What a service sees of the file systems.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Files {
    /// What the machine sees, with its mounts.
    Shared {
        /// Why.
        why: String,
    },
    /// A view of its own: everything read-only, `/tmp` its own, [`HIDDEN_FOLDERS`] and [`HIDDEN_FILES`] not there, of the devices only
    /// null, zero, full, random and urandom.
    Own {
        /// Folders that it may write to; made before it starts where they are missing.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        writes: BTreeMap<PathBuf, String>,
        /// Of what is hidden, what it sees: members of the two lists, or `/dev`.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        sees: BTreeMap<PathBuf, String>,
    },
}

impl Default for Files {
    fn default() -> Self {
        Self::Own {
            writes: BTreeMap::new(),
            sees: BTreeMap::new(),
        }
    }
}

impl Default for Rights {
    fn default() -> Self {
        Self::All {
            why: Self::NOT_SAID.to_owned(),
        }
    }
}

impl Rights {
    /// The reason of a service that nobody has thought about.
    pub const NOT_SAID: &str = "not said";

    /// The limits, where there are any.
    pub fn confinement(&self) -> Option<&Confinement> {
        match self {
            Self::All { .. } => None,
            Self::Only(confinement) => Some(confinement),
        }
    }
}

impl Confinement {
    /// Nothing is left: no capability, none of the calls in [`Calls`], a view of its own with nothing to write to.
    pub fn strict() -> Self {
        Self::default()
    }

    /// The same, with these capabilities, for a reason.
    ///
    /// # Panics
    /// A name is none of a capability: names are written in the source.
    pub fn may(mut self, names: &[&str], why: &str) -> Self {
        for name in names {
            let capability =
                Capability::named(name).expect("names in the source are those of capabilities");
            self.capabilities.insert(capability, why.to_owned());
        }
        self
    }

    /// The same, with these calls, for a reason.
    pub fn calls(mut self, kinds: &[Calls], why: &str) -> Self {
        self.calls
            .extend(kinds.iter().map(|kind| (*kind, why.to_owned())));
        self
    }

    /// The same, with a folder to write to, for a reason.
    pub fn writes(mut self, path: &str, why: &str) -> Self {
        if let Files::Own { writes, .. } = &mut self.files {
            writes.insert(path.into(), why.to_owned());
        }
        self
    }

    /// The same, with something in sight that is hidden from others, for a reason.
    pub fn sees(mut self, path: &str, why: &str) -> Self {
        if let Files::Own { sees, .. } = &mut self.files {
            sees.insert(path.into(), why.to_owned());
        }
        self
    }

    /// The same, with the machine's mounts, for a reason.
    pub fn shares_files(mut self, why: &str) -> Self {
        self.files = Files::Shared {
            why: why.to_owned(),
        };
        self
    }

    /// The same, with setuid programs in force, for a reason.
    pub fn gains_rights(mut self, why: &str) -> Self {
        self.gains_rights = Some(why.to_owned());
        self
    }

    /// The kinds of calls that are refused.
    pub fn refused(&self) -> Vec<Calls> {
        let refused = |kind: &Calls| !self.calls.contains_key(kind);
        Calls::ALL.into_iter().filter(refused).collect()
    }

    /// Paths in it that cannot be meant: not absolute, or with a part that leads elsewhere.
    pub(crate) fn is_sound(&self) -> bool {
        let Files::Own { writes, sees } = &self.files else {
            return true;
        };
        let plain = |path: &Path| {
            let odd = |part: std::path::Component| {
                !matches!(
                    part,
                    std::path::Component::Normal(_) | std::path::Component::RootDir
                )
            };
            let nul = path.as_os_str().as_encoded_bytes().contains(&0);
            path.is_absolute() && !path.components().any(odd) && !nul
        };
        let known: BTreeSet<&Path> = HIDDEN_FOLDERS
            .iter()
            .chain(&HIDDEN_FILES)
            .chain(&["/dev"])
            .map(Path::new)
            .collect();
        writes.keys().all(|path| plain(path)) && sees.keys().all(|path| known.contains(&**path))
    }
}

#[cfg(test)]
mod tests {
    use super::{Confinement, Rights};
    use crate::Calls;

    #[test]
    fn what_is_not_left_is_refused() {
        let clock = Confinement::strict().calls(&[Calls::Clock], "sets it");
        assert!(!clock.refused().contains(&Calls::Clock));
        assert_eq!(clock.refused().len(), Calls::ALL.len() - 1);
        assert_eq!(Confinement::strict().refused(), Calls::ALL);
    }

    #[test]
    fn paths_that_cannot_be_meant() {
        let of = Confinement::strict;
        for (case, confinement, sound) in [
            ("nothing", of(), true),
            ("a folder", of().writes("/run/x", ""), true),
            ("relative", of().writes("run/x", ""), false),
            ("a way up", of().writes("/run/../etc", ""), false),
            ("NUL", of().writes("/run/\0", ""), false),
            ("what is hidden", of().sees("/etc/shadow", ""), true),
            (
                "what is in sight anyway",
                of().sees("/etc/hosts", ""),
                false,
            ),
        ] {
            assert_eq!(confinement.is_sound(), sound, "{case}");
        }
    }

    #[test]
    fn json_comes_back() {
        let only = Confinement::strict()
            .may(&["sys_time"], "sets the clock")
            .calls(&[Calls::Clock], "sets the clock")
            .writes("/run/chrony", "its socket");
        let rights = Rights::Only(Box::new(only));
        let text = serde_json::to_string(&rights).expect("writes");
        assert!(text.contains(r#""sys_time":"sets the clock""#), "{text}");
        assert_eq!(
            serde_json::from_str::<Rights>(&text).expect("reads"),
            rights
        );
        assert!(
            serde_json::from_str::<Rights>(
                r#"{"only":{"capabilities":{"fly":""},"files":{"own":{}}}}"#
            )
            .is_err()
        );
    }
}
