//! What can be done to a node: one closed list, so that a plan can be read, compared and tested.

use crate::reload::Reload;
use disk::layout::WhenDamaged;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Numeric owner of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

impl Owner {
    /// uid 0, gid 0.
    pub const ROOT: Owner = Owner { uid: 0, gid: 0 };
}

/// The bytes of a file; shown as text in plans.
#[derive(Clone, PartialEq, Eq)]
pub struct Content(pub Vec<u8>);

impl Content {
    /// A record as JSON.
    ///
    /// # Errors
    /// A value has no form in JSON.
    pub(crate) fn json(record: &impl Serialize) -> Result<Content, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(record)?;
        bytes.push(b'\n');
        Ok(Content(bytes))
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Content(text.as_bytes().to_vec())
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Content(text.into_bytes())
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match std::str::from_utf8(&self.0) {
            Ok(text) => fmt::Debug::fmt(text, out),
            Err(_) => write!(out, "<{} bytes>", self.0.len()),
        }
    }
}

/// What a failing step means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// The node must not go on: maintenance mode says why.
    Stop,
    /// The node goes on; the failure is shown in `holdfast status` and in the log.
    Report,
}

/// One effect on the node. Paths are absolute; the executor may place them below another root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Make a directory and its parents; sets mode and owner of the last one.
    MakeDir {
        /// The directory.
        path: PathBuf,
        /// Permission bits.
        mode: u32,
        /// Its owner.
        owner: Owner,
    },
    /// Write a whole file: temporary file, flush, rename. Nothing is written when it is the same already.
    WriteFile {
        /// The file.
        path: PathBuf,
        /// Permission bits.
        mode: u32,
        /// Its owner.
        owner: Owner,
        /// All of its bytes.
        content: Content,
        /// What a failure means.
        on_failure: OnFailure,
    },
    /// Replace a directory with all that is in it in one step, for root alone; a reader sees all of the old files or all of the
    /// new ones. Nothing is written when it is the same already.
    ReplaceDir {
        /// The directory.
        path: PathBuf,
        /// Its files, by their paths below it.
        files: BTreeMap<PathBuf, Content>,
    },
    /// Make `path` a symbolic link to `target`, replacing what is there.
    Link {
        /// The link.
        path: PathBuf,
        /// What it points to.
        target: PathBuf,
    },
    /// Remove a file; its absence is fine.
    Remove {
        /// The file.
        path: PathBuf,
    },
    /// Set a kernel parameter below `/proc/sys`.
    Sysctl {
        /// Dotted or slashed name.
        key: String,
        /// The value as written to the kernel.
        value: String,
        /// What a failure means.
        on_failure: OnFailure,
    },
    /// Load kernel modules with what they depend on; one that fails does not keep the others from being loaded.
    LoadModules {
        /// Their names; those built into the kernel are fine.
        names: Vec<String>,
        /// What a failure means.
        on_failure: OnFailure,
    },
    /// Tell the kernel the country of its radios, for a module that is loaded already.
    WifiCountry {
        /// Two letters.
        country: String,
        /// What a failure means.
        on_failure: OnFailure,
    },
    /// Tell a running service that its files changed.
    Reload {
        /// Which.
        what: Reload,
        /// What a failure means.
        on_failure: OnFailure,
    },
    /// Show the directory `from` at `at` as well; the files that are at `at` are taken along first.
    Bind {
        /// What is shown.
        from: PathBuf,
        /// Where.
        at: PathBuf,
        /// What a failure means.
        on_failure: OnFailure,
    },
    /// Say something that a person should know.
    Warn(String),
    /// Say what of the configuration is left out, and why: it will not be in force.
    LeaveOut(String),
    /// Say so when a file of the image is not there: what names it is not in force.
    Expect {
        /// The file.
        path: PathBuf,
        /// What its absence means.
        otherwise: String,
    },
    /// Copy a file whole, as [`Step::WriteFile`] writes: from memory to state.
    Copy {
        /// What is copied.
        from: PathBuf,
        /// The new file, owned by root.
        to: PathBuf,
        /// Permission bits.
        mode: u32,
    },
    /// Note in the partition table what a boot does with a damaged state partition.
    NoteDamageChoice(WhenDamaged),
    /// Note in the partition table whether state is encrypted when it is made new.
    NoteEncryption(bool),
    /// Tell the kernel the host name.
    SetHostname(String),
    /// Run a program and wait for it.
    Run {
        /// What it is for, in the words of a log line.
        why: String,
        /// Program and arguments.
        command: Vec<String>,
        /// What a failure means.
        on_failure: OnFailure,
    },
    /// Run a command of the user, as far as there is time. Its failure never stops the node.
    Command {
        /// Which, as its key: `boot_commands[0]`.
        key: String,
        /// Program and arguments.
        command: Vec<String>,
        /// How long all commands of a plan may take together.
        budget: Duration,
    },
}

impl Step {
    /// A file owned by root whose failure stops the node.
    pub fn file(path: impl Into<PathBuf>, mode: u32, content: impl Into<Content>) -> Step {
        Step::WriteFile {
            path: path.into(),
            mode,
            owner: Owner::ROOT,
            content: content.into(),
            on_failure: OnFailure::Stop,
        }
    }

    /// A directory owned by root.
    pub fn dir(path: impl Into<PathBuf>, mode: u32) -> Step {
        Step::MakeDir {
            path: path.into(),
            mode,
            owner: Owner::ROOT,
        }
    }

    /// What its failure means.
    pub(crate) fn on_failure(&self) -> OnFailure {
        match self {
            Step::WriteFile { on_failure, .. }
            | Step::Sysctl { on_failure, .. }
            | Step::LoadModules { on_failure, .. }
            | Step::WifiCountry { on_failure, .. }
            | Step::Reload { on_failure, .. }
            | Step::Bind { on_failure, .. }
            | Step::Run { on_failure, .. } => *on_failure,
            Step::MakeDir { .. }
            | Step::ReplaceDir { .. }
            | Step::Link { .. }
            | Step::Remove { .. }
            | Step::Copy { .. }
            | Step::SetHostname(_) => OnFailure::Stop,
            Step::Warn(_)
            | Step::LeaveOut(_)
            | Step::Expect { .. }
            | Step::Command { .. }
            | Step::NoteDamageChoice(_)
            | Step::NoteEncryption(_) => OnFailure::Report,
        }
    }

    /// What it does, in the words that follow "could not".
    pub(crate) fn act(&self) -> String {
        match self {
            Step::MakeDir { path, .. } => format!("make the directory {}", path.display()),
            Step::WriteFile { path, .. } => format!("write {}", path.display()),
            Step::ReplaceDir { path, .. } => format!("replace the directory {}", path.display()),
            Step::Link { path, target } => {
                format!("link {} to {}", path.display(), target.display())
            }
            Step::Remove { path } => format!("remove {}", path.display()),
            Step::Sysctl { key, value, .. } => {
                format!("set the kernel parameter {key} to `{value}`")
            }
            Step::LoadModules { names, .. } => {
                format!("load all of the kernel modules {}", names.join(", "))
            }
            Step::WifiCountry { country, .. } => {
                format!("tell the kernel that its radios are in {country}")
            }
            Step::Copy { from, to, .. } => format!("copy {} to {}", from.display(), to.display()),
            Step::Reload { what, .. } => match what {
                Reload::Ssh => "let sshd read its settings again".to_owned(),
                Reload::Time => "restart chronyd".to_owned(),
                Reload::Network(_) => "bring the network in line".to_owned(),
            },
            Step::Bind { from, at, .. } => format!("show {} at {}", from.display(), at.display()),
            Step::Warn(text)
            | Step::LeaveOut(text)
            | Step::Expect {
                otherwise: text, ..
            } => text.clone(),
            Step::NoteDamageChoice(_) => {
                "note `state.when_damaged` in the partition table".to_owned()
            }
            Step::NoteEncryption(_) => "note `state.encryption` in the partition table".to_owned(),
            Step::SetHostname(name) => format!("set the host name {name}"),
            Step::Run { why, .. } => why.clone(),
            Step::Command { key, .. } => format!("run {key}"),
        }
    }
}
