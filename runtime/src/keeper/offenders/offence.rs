//! What a pod does to others, in words.

/// What a pod does to others, or to whoever waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Offence {
    /// It wants more memory than there is for it.
    Memory,
    /// It wants more processes than it may have.
    Processes,
    /// It wants more connections than it may have.
    Connections,
    /// It logs faster than logs can be rotated.
    Logs,
    /// It works most with a disk that others wait for.
    Disk,
    /// It fills the disk.
    Room,
    /// It makes files until no more can be made.
    Files,
    /// The kubelet ended it for want of something that it need not have taken.
    Evicted,
    /// It ends again and again.
    Crashes,
}

/// An offence, and how it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) offence: Offence,
    pub(super) how: String,
}

impl Seen {
    /// For a person, behind the pod's name.
    pub(super) fn text(&self) -> String {
        format!("{}: {}", self.offence.text(), self.how)
    }
}

impl Offence {
    /// The reason of the event.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Memory => "OutOfMemory",
            Self::Processes => "TooManyProcesses",
            Self::Connections => "TooManyConnections",
            Self::Logs => "TooManyLogs",
            Self::Disk => "DiskBusy",
            Self::Room => "DiskFull",
            Self::Files => "TooManyFiles",
            Self::Evicted => "Evicted",
            Self::Crashes => "CrashLoop",
        }
    }

    /// For a person, behind the pod's name.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Memory => "wants more memory than there is for it",
            Self::Processes => "wants more processes than a pod may have",
            Self::Connections => "wants more connections than a pod may have",
            Self::Logs => "logs faster than logs can be rotated",
            Self::Disk => "reads or writes so much that others wait for the disk",
            Self::Room => "takes more room on the disk than there is for it",
            Self::Files => "makes more files than the disk has room for",
            Self::Evicted => "was ended by the kubelet, and need not be to blame",
            Self::Crashes => "ends again and again",
        }
    }

    /// As the counters of the kernel tell of it.
    pub(super) fn counted(self) -> Seen {
        let how = match self {
            Self::Memory => {
                "the kernel kills its processes; give it a limit, or the machine more memory"
            }
            Self::Processes => "the kernel refuses it new ones",
            Self::Connections => "new ones are dropped; those that it has go on",
            Self::Logs => "what it wrote a moment ago is gone already",
            Self::Disk | Self::Room => "give it another disk, or less to write",
            Self::Files => "others may be refused theirs",
            Self::Evicted | Self::Crashes => "`holdfast logs` and `kubectl logs` have more",
        };
        self.shown(how.to_owned())
    }

    /// As something else tells of it.
    pub(super) fn shown(self, how: String) -> Seen {
        Seen { offence: self, how }
    }
}
