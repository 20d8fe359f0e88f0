//! What a boot shall do with a damaged state partition, as the partition table of the booted disk says it: the initramfs stage
//! has to know it when nothing on state can be read.

use disk::layout::WhenDamaged;
use disk::{Geometry, Sector, SectorError, gpt};
use init_api::{BootRecord, Root, load_if_present, paths};
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The choice could not be noted.
#[derive(Debug, thiserror::Error)]
enum NoteError {
    #[error("the booted disk is not known")]
    Disk,
    #[error("cannot open {disk}")]
    Open { disk: PathBuf, source: io::Error },
    #[error(transparent)]
    Sector(#[from] SectorError),
    #[error(transparent)]
    Read(#[from] gpt::ReadError),
    #[error(transparent)]
    Write(#[from] gpt::WriteError),
}

/// The booted disk's table; none where it cannot be read.
pub(crate) fn booted_table(root: &Root) -> Option<gpt::Table> {
    let disk = booted_disk(root)?;
    let file = File::open(&disk).ok()?;
    gpt::current(&file, geometry(root, &disk, &file).ok()?).ok()
}

/// Notes it. The kernel need not know: no partition changes. A cut leaves the old choice or the new one.
pub(crate) fn note(root: &Root, choice: WhenDamaged) -> io::Result<()> {
    change_table(root, |table| table.with_when_damaged(choice))
}

/// Writes what `change` makes of the booted disk's table; nothing where it makes nothing. The kernel need not know as long as no
/// partition moves. A cut leaves the old table or the new one.
pub(crate) fn change_table(
    root: &Root,
    change: impl FnOnce(&gpt::Table) -> Option<gpt::Table>,
) -> io::Result<()> {
    try_to_change(root, change).map_err(io::Error::other)
}

fn try_to_change(
    root: &Root,
    change: impl FnOnce(&gpt::Table) -> Option<gpt::Table>,
) -> Result<(), NoteError> {
    let disk = booted_disk(root).ok_or(NoteError::Disk)?;
    let failure = |source| NoteError::Open {
        disk: disk.clone(),
        source,
    };
    let file = File::options().read(true).write(true).open(&disk);
    let mut file = file.map_err(failure)?;
    let geometry = geometry(root, &disk, &file)?;
    if let Some(new) = change(&gpt::current(&file, geometry)?) {
        gpt::write(&mut file, &new)?;
    }
    Ok(())
}

fn booted_disk(root: &Root) -> Option<PathBuf> {
    let boot: Option<BootRecord> = load_if_present(root.path(paths::BOOT)).ok()?;
    Some(boot?.disk)
}

fn geometry(root: &Root, disk: &Path, mut file: &File) -> Result<Geometry, NoteError> {
    let name = disk.file_name().unwrap_or_default();
    let sector = root
        .path("/sys/class/block")
        .join(name)
        .join("queue/logical_block_size");
    let bytes = fs::read_to_string(sector).ok();
    let bytes = bytes.and_then(|text| text.trim().parse().ok());
    let sector = Sector::of(bytes.unwrap_or(512))?;
    let size = file.seek(SeekFrom::End(0));
    let size = size.map_err(|source| NoteError::Open {
        disk: disk.into(),
        source,
    })?;
    Ok(Geometry::new(sector, size))
}

#[cfg(test)]
mod tests {
    use super::{booted_table, note};
    use disk::gpt::{NewPartition, Table, create, derive_guid, types};
    use disk::layout::WhenDamaged;
    use disk::{Geometry, Sector, gpt};
    use init_api::{BootRecord, Partitions, Root, Slot, Started, StateOutcome, paths};
    use std::fs::{self, File};

    const SIZE: u64 = 64 << 20;

    fn read(root: &Root) -> Option<WhenDamaged> {
        booted_table(root).map(|table| table.when_damaged())
    }

    #[test]
    fn the_choice_is_on_the_disk_whatever_its_sectors() {
        for sector in [Sector::Bytes512, Sector::Bytes4096] {
            let folder = tempfile::tempdir().expect("folder");
            let root = Root::new(folder.path());
            assert_eq!(read(&root), None, "no disk is known");
            let disk = folder.path().join("vda");
            let part = |name: &str| NewPartition {
                name: name.into(),
                type_guid: types::LINUX_DATA,
                guid: derive_guid(b"test", name),
                size: 1 << 20,
                attributes: 0,
            };
            let parts = [part("boot"), part("state")];
            let table = Table::plan(sector, derive_guid(b"", ""), &parts, Some(SIZE));
            let table = table.expect("a small table");
            let mut file = File::create(&disk).expect("a disk");
            file.set_len(SIZE).expect("sparse");
            create(&mut file, &table).expect("a table");
            let boot = BootRecord {
                slot: Slot::A,
                root_hash: String::new(),
                disk: disk.clone(),
                partitions: Partitions::default(),
                state: StateOutcome::Clean,
                watchdog: None,
                started: Started::default(),
                trial: None,
                phases: Vec::new(),
            };
            init_api::store(root.path(paths::BOOT), &boot).expect("stored");
            let queue = root.path("/sys/class/block/vda/queue");
            fs::create_dir_all(&queue).expect("folder");
            let bytes = format!("{}\n", sector.bytes());
            fs::write(queue.join("logical_block_size"), bytes).expect("written");

            assert_eq!(read(&root), Some(WhenDamaged::Repair));
            note(&root, WhenDamaged::Renew).expect("noted");
            assert_eq!(read(&root), Some(WhenDamaged::Renew));
            let copies = gpt::read(
                &File::open(&disk).expect("open"),
                Geometry::new(sector, SIZE),
            );
            let both = format!("{copies:?}");
            assert!(!both.contains("Err("), "both copies are whole: {both}");
        }
    }
}
