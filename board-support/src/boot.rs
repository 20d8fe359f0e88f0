//! How a board comes from its firmware to a slot.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// What starts a slot's kernel, tries a new one a few times, and goes back. Each board has one; boards of an architecture
/// may differ in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BootMechanism {
    /// UEFI firmware, then systemd-boot: UKIs chosen by version, tries counted in the names of their files.
    SystemdBoot(SystemdBoot),
    /// The board's own firmware, then U-Boot: UKIs chosen by a script and its record on the boot partition.
    UBoot(UBoot),
    /// The Raspberry Pi's newer firmware: kernel, initramfs and device trees on a boot partition of each slot, chosen by
    /// `autoboot.txt` and the firmware's `tryboot`.
    Tryboot(Tryboot),
}

/// What systemd-boot needs on the boot partition beside the UKIs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemdBoot {
    /// The boot loader, as a path in Debian's packages.
    pub loader: String,
    /// Its path on the boot partition.
    pub loader_path: String,
}

/// What U-Boot and the firmware before it need on the boot partition beside the UKIs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UBoot {
    /// Files of Debian's packages, by their paths on the boot partition.
    pub files: BTreeMap<String, String>,
    /// Device trees of the kernel, below its own folder of them (`broadcom/bcm2711-rpi-4-b.dtb`); on the boot partition they are
    /// in the root under their last name.
    pub device_trees: BTreeSet<String>,
    /// Files that are written out in the board's file, by their paths on the boot partition.
    pub texts: BTreeMap<String, String>,
}

/// What the Raspberry Pi's firmware needs on a slot's boot partition beside kernel, initramfs and command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tryboot {
    /// Device trees of the kernel, below its own folder of them, by the names that the firmware looks for.
    pub device_trees: BTreeMap<String, String>,
    /// Files that are written out in the board's file, by their paths on the boot partition.
    pub texts: BTreeMap<String, String>,
    /// Words for this board's kernel, behind those of its base.
    pub words: Vec<String>,
}

/// The partition table that a board's firmware finds its boot partition in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartitionTable {
    /// A GPT, protected by an MBR.
    #[default]
    Gpt,
    /// A GPT, whose boot and CONFIG partitions are in the MBR, too.
    Hybrid,
}
