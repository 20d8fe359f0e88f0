//! Whether a disk may be written: from facts alone.

use disk::gpt::Table;
use disk::layout;
use disk_devices::{Disk, Transport, Use, UseKind};
use std::path::Path;

/// How a person has to agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// A yes.
    Yes,
    /// By writing its name: it is a part of the machine, and more than a card may be lost.
    Name,
}

/// Why a disk is not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// This system runs from it.
    #[error("this system runs from it ({0})")]
    System(Use),
    /// Something on it is mounted.
    #[error("{}: unmount it first, as with `umount /dev/{}`, or with `eject` in the file manager and plugging it in again", .0, .0.node)]
    Mounted(Use),
    /// Something else uses it.
    #[error("{0}: end that first (swapoff, vgchange -an, mdadm --stop, cryptsetup close)")]
    InUse(Use),
    /// It cannot be written.
    #[error("it is write-protected: move the small lock on the card or its adapter")]
    ReadOnly,
    /// Nothing is in the reader.
    #[error("no card or disk is in it")]
    NoMedium,
    /// It is no disk that goes into a machine.
    #[error("it is made of memory or of other disks")]
    Made,
    /// The image's table does not fit its sectors.
    #[error("its sectors have {0} bytes, and the image is made for 512")]
    Sector(u64),
    /// The image does not fit.
    #[error("it has {size} bytes, and the image {image}: take one of 4 GB or more")]
    TooSmall {
        /// The disk.
        size: u64,
        /// The image.
        image: u64,
    },
    /// The image fits, and its first boot would find no room.
    #[error("the image fits, but the first boot would stop: {0}. Take one of 4 GB or more")]
    NoRoom(layout::LayoutError),
}

/// Where a system lives: what is mounted there is not for flashing, and unmounting it is no advice.
const OF_THE_SYSTEM: [&str; 8] = [
    "/",
    "/boot",
    "/boot/efi",
    "/efi",
    "/usr",
    "/var",
    "/home",
    "/nix",
];

/// Whether `disk` may be written, with an image of this table if one is known.
///
/// # Errors
/// Why not.
pub fn judge(disk: &Disk, image: Option<&Table>) -> Result<Care, Refusal> {
    if let Some(used) = disk.uses.iter().find(|used| is_system(used)) {
        return Err(Refusal::System(used.clone()));
    }
    if let Some(used) = disk.uses.first() {
        return Err(match used.kind {
            UseKind::Mounted(_) => Refusal::Mounted(used.clone()),
            UseKind::Swap | UseKind::PartOf(_) => Refusal::InUse(used.clone()),
        });
    }
    if disk.transport == Transport::Made {
        return Err(Refusal::Made);
    }
    if disk.size == 0 {
        return Err(Refusal::NoMedium);
    }
    if disk.read_only {
        return Err(Refusal::ReadOnly);
    }
    if let Some(table) = image {
        fits(disk, table)?;
    }
    Ok(if is_offered(disk) || disk.transport == Transport::Loop {
        Care::Yes
    } else {
        Care::Name
    })
}

/// Whether a disk is one that people plug in to be written, and is shown to choose from.
pub fn is_offered(disk: &Disk) -> bool {
    match disk.transport {
        Transport::Usb | Transport::Sd => true,
        Transport::Loop | Transport::Made | Transport::Emmc => false,
        Transport::Nvme | Transport::Sata | Transport::Virtio | Transport::Other => {
            // An optical drive is removable, and no disk.
            disk.removable && !disk.name.starts_with("sr") && !disk.name.starts_with("fd")
        }
    }
}

fn is_system(used: &Use) -> bool {
    match &used.kind {
        UseKind::Mounted(at) => OF_THE_SYSTEM.iter().any(|place| at == Path::new(place)),
        UseKind::Swap => true,
        UseKind::PartOf(_) => false,
    }
}

fn fits(disk: &Disk, table: &Table) -> Result<(), Refusal> {
    let sector = table.sector.bytes();
    if disk.sector != sector {
        return Err(Refusal::Sector(disk.sector));
    }
    if disk.size < table.disk_size() {
        return Err(Refusal::TooSmall {
            size: disk.size,
            image: table.disk_size(),
        });
    }
    // The first boot's own plan is asked, so that the two never differ.
    layout::plan(table, disk.size / sector, || [0; 16])
        .map(drop)
        .map_err(Refusal::NoRoom)
}
