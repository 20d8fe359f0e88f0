//! What all boards of an architecture share.

use std::collections::BTreeSet;

use crate::{Arch, KnownMachine, Tryboot};

/// The parts of a release that boards decide, for all boards of one architecture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The architecture.
    pub arch: Arch,
    /// Kernel parameters, without the consoles'.
    pub cmdline: Vec<String>,
    /// Consoles in the kernel's words, `ttyS0,115200`; the last one present is `/dev/console`.
    pub consoles: Vec<String>,
    /// The LED that tells how the machine is, by its name below `/sys/class/leds`; a machine may have none of that name.
    pub led: Option<String>,
    /// The EFI stub that its UKI is made of, as a path in Debian's packages.
    pub stub: String,
    /// What the image of a slot's own boot partition is made of, if a board has such slots. A release has one such image.
    pub tryboot: Option<Tryboot>,
    /// Drivers of the base and of every board, in order of their names.
    pub drivers: Drivers,
    /// Machines that the running system has to know something about, in order of their boards' names.
    pub machines: Vec<KnownMachine>,
}

impl Release {
    /// Kernel parameters, with the LED and the consoles at the end.
    pub fn kernel_parameters(&self) -> Vec<String> {
        let consoles = self
            .consoles
            .iter()
            .map(|console| format!("console={console}"));
        let led = self.led.iter().map(|led| format!("holdfast.led={led}"));
        self.cmdline
            .iter()
            .cloned()
            .chain(led)
            .chain(consoles)
            .collect()
    }
}

/// Kernel modules and firmware that must be in a release. A build that lacks one fails.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drivers {
    /// Modules of the initramfs: where the system's disk can be.
    pub initramfs: BTreeSet<String>,
    /// Modules of the root image.
    pub root: BTreeSet<String>,
    /// Patterns of firmware files below `usr/lib/firmware`.
    pub firmware: BTreeSet<String>,
    /// Watchdog modules; in the initramfs, where the watchdog is armed.
    pub watchdogs: BTreeSet<String>,
}

impl Drivers {
    /// Adds what `other` needs.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.initramfs.extend(other.initramfs.iter().cloned());
        self.root.extend(other.root.iter().cloned());
        self.firmware.extend(other.firmware.iter().cloned());
        self.watchdogs.extend(other.watchdogs.iter().cloned());
    }

    /// All modules that the initramfs must carry.
    pub fn initramfs_modules(&self) -> BTreeSet<&str> {
        self.initramfs
            .iter()
            .chain(&self.watchdogs)
            .map(String::as_str)
            .collect()
    }
}
