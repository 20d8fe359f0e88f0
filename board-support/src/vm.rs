//! How a board looks as a virtual machine.

use serde::Deserialize;

use crate::Arch;

/// QEMU's machine for a board, so that its very image can be tried without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vm {
    /// QEMU's machine type.
    pub machine: Machine,
    /// What the system's disk is attached to.
    pub disk: Disk,
    /// The network card.
    pub network: Network,
    /// The watchdog.
    pub watchdog: Watchdog,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// Processors.
    pub cpus: u32,
}

/// A QEMU machine type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Machine {
    /// A PC with PCI Express.
    Q35,
    /// A machine that exists in QEMU alone: ARM64 with PCI Express.
    Virt,
    /// A Raspberry Pi 3B: without Ethernet and watchdog, with the SD card and USB.
    Raspi3b,
    /// A Raspberry Pi 4B: without PCI Express, Ethernet and watchdog, with the SD card and the USB-C port.
    Raspi4b,
}

impl Machine {
    /// The word after QEMU's `-machine`.
    pub const fn qemu(self) -> &'static str {
        match self {
            Self::Q35 => "q35",
            Self::Virt => "virt",
            Self::Raspi3b => "raspi3b",
            Self::Raspi4b => "raspi4b",
        }
    }

    /// The architecture of its processors.
    pub const fn arch(self) -> Arch {
        match self {
            Self::Q35 => Arch::X86_64,
            Self::Virt | Self::Raspi3b | Self::Raspi4b => Arch::Arm64,
        }
    }
}

/// What a disk is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Disk {
    /// `virtio-blk`.
    Virtio,
    /// An NVMe controller.
    Nvme,
    /// SATA.
    Ahci,
    /// A stick on an xHCI controller.
    Usb,
    /// The machine's own SD card slot.
    Sd,
}

impl Disk {
    /// The word in a board's file.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Virtio => "virtio",
            Self::Nvme => "nvme",
            Self::Ahci => "ahci",
            Self::Usb => "usb",
            Self::Sd => "sd",
        }
    }
}

/// A network card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Network {
    /// `virtio-net`.
    Virtio,
    /// Intel's gigabit card.
    E1000e,
    /// Intel's server gigabit card.
    Igb,
    /// An adapter on USB.
    Usb,
}

impl Network {
    /// The word in a board's file.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Virtio => "virtio",
            Self::E1000e => "e1000e",
            Self::Igb => "igb",
            Self::Usb => "usb",
        }
    }

    /// The word after QEMU's `-device`.
    pub const fn qemu(self) -> &'static str {
        match self {
            Self::Virtio => "virtio-net-pci",
            Self::E1000e => "e1000e",
            Self::Igb => "igb",
            Self::Usb => "usb-net",
        }
    }
}

/// A watchdog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Watchdog {
    /// A PCI card that QEMU adds.
    I6300esb,
    /// The one in the chipset of `q35`.
    Itco,
    /// None that QEMU imitates.
    None,
}

impl Watchdog {
    /// The word in a board's file.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::I6300esb => "i6300esb",
            Self::Itco => "itco",
            Self::None => "none",
        }
    }
}
