//! A checked board.

use crate::{Arch, BootMechanism, Drivers, PartitionTable, Release, Vm};

/// A board with the release it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    /// Its name: that of its file, and the word after `--board`.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// What it shares with every board of its architecture.
    pub release: Release,
    /// How it comes from its firmware to a slot.
    pub boot: BootMechanism,
    /// The kind of partition table on its disk.
    pub partition_table: PartitionTable,
    /// What it needs itself; a part of `release.drivers`.
    pub drivers: Drivers,
    /// How to imitate it, if that is known.
    pub vm: Option<Vm>,
}

impl Board {
    /// Its architecture.
    pub const fn arch(&self) -> Arch {
        self.release.arch
    }
}
