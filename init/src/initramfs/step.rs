//! The stage's steps, as data.

/// One step of the initramfs stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// `/proc`, `/sys`, `/dev`, `/run`; the clock's floor.
    Kernel,
    /// Modules that are always loaded, and those that the devices ask for; the watchdog.
    Modules,
    /// Finding the booted disk.
    Disk,
    /// Its partition table: repaired, completed at first boot, grown with the disk.
    Table,
    /// The verity root of this kernel's slot.
    Root,
    /// The state partition.
    State,
    /// Whether this boot is on trial, and the count of it.
    Trial,
}

impl Step {
    /// In the order in which they run.
    pub(crate) const ORDER: [Self; 7] = [
        Self::Kernel,
        Self::Modules,
        Self::Disk,
        Self::Table,
        Self::Root,
        Self::State,
        Self::Trial,
    ];

    /// The name that people see.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Modules => "modules",
            Self::Disk => "disk",
            Self::Table => "table",
            Self::Root => "root",
            Self::State => "state",
            Self::Trial => "trial",
        }
    }
}
