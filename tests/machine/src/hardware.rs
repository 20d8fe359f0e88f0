//! The devices of a machine that differ from board to board.

use serde::{Deserialize, Serialize};

use crate::Platform;

/// What the machine, its disk, network card and watchdog are. The default is what virtual machines have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Hardware {
    /// The kind of computer.
    #[serde(default)]
    pub platform: Platform,
    /// What the disk is attached to.
    pub bus: Bus,
    /// The network card, where there is one.
    pub card: Card,
    /// The watchdog.
    pub watchdog: Watchdog,
    /// The disk has sectors of 4096 bytes.
    #[serde(default)]
    pub large_sectors: bool,
}

/// What a disk is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bus {
    /// `virtio-blk`.
    #[default]
    Virtio,
    /// An NVMe controller.
    Nvme,
    /// SATA: the AHCI controller in the chipset of `q35`.
    Ahci,
    /// A stick on an xHCI controller.
    Usb,
    /// An SD card in the slot of a Raspberry Pi.
    Sd,
}

/// A network card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Card {
    /// `virtio-net`.
    #[default]
    Virtio,
    /// Intel 82574L.
    E1000e,
    /// Intel 82576.
    Igb,
    /// An adapter on USB.
    Usb,
}

/// A watchdog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Watchdog {
    /// A PCI card.
    #[default]
    I6300esb,
    /// The one in the chipset of `q35`.
    Itco,
    /// None: QEMU resets a Raspberry Pi as soon as its own is armed.
    None,
}

impl Bus {
    /// How QEMU's `-drive` for it begins.
    pub(crate) const fn place(self) -> &'static str {
        match self {
            Self::Virtio | Self::Nvme | Self::Ahci | Self::Usb => "if=none,id=disk",
            Self::Sd => "if=sd,index=0,id=disk",
        }
    }

    /// QEMU's arguments that attach `drive`, with what is `more` about it.
    pub(crate) fn arguments(self, drive: &str, more: &str) -> Vec<String> {
        let disk = |model: &str| format!("{model},drive={drive},serial=holdfast,{more}");
        let devices = match self {
            Self::Virtio => vec![disk("virtio-blk-pci")],
            Self::Nvme => vec![disk("nvme")],
            Self::Ahci => vec![disk("ide-hd,bus=ide.0")],
            Self::Usb => vec!["qemu-xhci,id=usb".to_owned(), disk("usb-storage,bus=usb.0")],
            Self::Sd => Vec::new(),
        };
        devices
            .into_iter()
            .flat_map(|device| ["-device".to_owned(), device])
            .collect()
    }
}

impl Card {
    /// The word after QEMU's `-device`.
    pub(crate) const fn model(self) -> &'static str {
        match self {
            Self::Virtio => "virtio-net-pci",
            Self::E1000e => "e1000e",
            Self::Igb => "igb",
            Self::Usb => "usb-net",
        }
    }

    /// What keeps the firmware from trying to boot from the network: the card has no ROM.
    pub(crate) const fn without_rom(self) -> &'static str {
        match self {
            Self::Virtio | Self::E1000e | Self::Igb => ",romfile=",
            Self::Usb => "",
        }
    }
}

impl Watchdog {
    /// QEMU's arguments that make it bite.
    pub(crate) const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::I6300esb => &["-device", "i6300esb"],
            // It is there in any case, but a strap of the chipset keeps it from resetting the machine.
            Self::Itco => &["-global", "ICH9-LPC.noreboot=off"],
            Self::None => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_are_attached_where_the_board_has_them() {
        for (bus, wanted) in [
            (
                Bus::Virtio,
                "-device virtio-blk-pci,drive=d,serial=holdfast,bootindex=0",
            ),
            (
                Bus::Nvme,
                "-device nvme,drive=d,serial=holdfast,bootindex=0",
            ),
            (
                Bus::Ahci,
                "-device ide-hd,bus=ide.0,drive=d,serial=holdfast,bootindex=0",
            ),
            (
                Bus::Usb,
                "-device qemu-xhci,id=usb -device usb-storage,bus=usb.0,drive=d,serial=holdfast,bootindex=0",
            ),
        ] {
            assert_eq!(
                bus.arguments("d", "bootindex=0").join(" "),
                wanted,
                "{bus:?}"
            );
        }
    }
}
