//! The hardware of a board, as QEMU can imitate it.

use std::path::Path;

use anyhow::{Context, bail};
use boards::{Boards, Vm};
use builder::Project;
use machine::{Bus, Card, Hardware, Platform, Spec, Watchdog};

/// The board whose image is booted unless another is asked for.
pub(super) const DEFAULT: &str = "qemu-x86_64";

/// What a machine is unless the command line says otherwise.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) hardware: Hardware,
    pub(super) memory_mib: u32,
    pub(super) cpus: u32,
}

impl Shape {
    fn of(spec: &Spec) -> Self {
        Self {
            hardware: spec.hardware,
            memory_mib: spec.memory_mib,
            cpus: spec.cpus,
        }
    }
}

/// The shape of `board`, by its file in the checkout that `from` is in.
pub(super) fn shape(from: &Path, board: &str) -> anyhow::Result<Shape> {
    let project = match Project::find(from) {
        // Known without its file, so that an image can be booted anywhere.
        Err(_) if board == DEFAULT => return Ok(Shape::of(&Spec::default())),
        other => other?,
    };
    let boards = Boards::open(&project.path("board-support/boards"))?;
    let board = boards.get(board)?;
    let vm = board.vm.as_ref().with_context(|| {
        format!(
            "the file of board {} has no section [vm] that says how to imitate it",
            board.name
        )
    })?;
    shape_like(vm)
}

fn shape_like(vm: &Vm) -> anyhow::Result<Shape> {
    let platform = match vm.machine {
        boards::Machine::Q35 => Platform::Q35,
        boards::Machine::Virt => Platform::Virt,
        boards::Machine::Raspi3b => Platform::Raspi3b,
        boards::Machine::Raspi4b => Platform::Raspi4b,
        other => bail!("a machine {} cannot be imitated", other.qemu()),
    };
    let bus = match vm.disk {
        boards::Disk::Virtio => Bus::Virtio,
        boards::Disk::Nvme => Bus::Nvme,
        boards::Disk::Ahci => Bus::Ahci,
        boards::Disk::Usb => Bus::Usb,
        boards::Disk::Sd => Bus::Sd,
        other => bail!("a disk on {other:?} cannot be imitated"),
    };
    let card = match vm.network {
        boards::Network::Virtio => Card::Virtio,
        boards::Network::E1000e => Card::E1000e,
        boards::Network::Igb => Card::Igb,
        boards::Network::Usb => Card::Usb,
        other => bail!("a network card {other:?} cannot be imitated"),
    };
    let watchdog = match vm.watchdog {
        boards::Watchdog::I6300esb => Watchdog::I6300esb,
        boards::Watchdog::Itco => Watchdog::Itco,
        boards::Watchdog::None => Watchdog::None,
        other => bail!("a watchdog {other:?} cannot be imitated"),
    };
    Ok(Shape {
        hardware: Hardware {
            platform,
            bus,
            card,
            watchdog,
            large_sectors: false,
        },
        memory_mib: vm.memory_mib,
        cpus: vm.cpus,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(board: &str) -> anyhow::Result<Shape> {
        shape(Path::new(env!("CARGO_MANIFEST_DIR")), board)
    }

    #[test]
    fn boards_are_imitated_as_their_files_say() {
        let nuc = of("nuc").unwrap();
        assert_eq!(
            nuc.hardware,
            Hardware {
                platform: Platform::Q35,
                bus: Bus::Nvme,
                card: Card::E1000e,
                watchdog: Watchdog::Itco,
                large_sectors: false,
            }
        );
        let arm = of("qemu-arm64").unwrap();
        assert_eq!(arm.hardware.platform, Platform::Virt);
        let pi = of("rpi4").unwrap();
        assert_eq!(
            pi.hardware,
            Hardware {
                platform: Platform::Raspi4b,
                bus: Bus::Sd,
                card: Card::Usb,
                watchdog: Watchdog::None,
                large_sectors: false,
            }
        );
        let elsewhere = tempfile::tempdir().unwrap();
        assert_eq!(
            of(DEFAULT).unwrap(),
            shape(elsewhere.path(), DEFAULT).unwrap()
        );
        assert!(shape(elsewhere.path(), "nuc").is_err());
        let error = of("nuk").unwrap_err().to_string();
        assert!(error.contains("nuc"), "{error}");
    }
}
