//! The flashable disk image: GPT, boot partition, CONFIG, root A.

use crate::boot::BootFiles;
use crate::error::{Error, Result};
use crate::root_image::RootImage;
use boards::PartitionTable;
use disk::Sector;
use disk::gpt::{self, Extent, Table, Uuid, derive_guid};
use disk::layout::{PartitionRole, image_partitions, image_partitions_with_slot_boots};
use formats::Window;
use formats::fat::{self, Kind, Label, VolumeSpec};
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Clusters of 2 KiB make 256 MiB a FAT32 and 64 MiB a FAT16 by their count, which is what firmware goes by.
const CLUSTER: u32 = 2048;

/// What the boot and the CONFIG partition are in an MBR: FAT32 and FAT16, found by their sectors' numbers.
const MBR_TYPES: [u8; 2] = [0x0c, 0x0e];

/// What a disk image is made of.
pub(crate) struct Contents<'a> {
    /// GPT type of a root partition.
    pub(crate) root_type: Uuid,
    pub(crate) partition_table: PartitionTable,
    pub(crate) version: &'a str,
    pub(crate) boot: &'a BootFiles,
    pub(crate) root: &'a RootImage,
    /// Files of the CONFIG partition.
    pub(crate) config: &'a [(&'a str, Vec<u8>)],
    /// Decides GUIDs and serial numbers.
    pub(crate) seed: &'a [u8],
}

/// Writes the image to `path`, with holes where it is empty.
pub(crate) fn write(contents: &Contents<'_>, path: &Path) -> Result<()> {
    let table = table(contents)?;
    let extent = |role| table.extent(table.role(role).expect("the table was planned with it"));
    let (boot, config, root) = (
        extent(PartitionRole::Boot),
        extent(PartitionRole::Config),
        extent(PartitionRole::RootA),
    );
    if contents.root.size > root.size {
        return Err(Error::Wrong(format!(
            "the root image has {} bytes, a slot {}: drop more in filters.toml",
            contents.root.size, root.size
        )));
    }
    let mut disk = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
        .map_err(Error::write(path))?;
    disk.set_len(table.disk_size())
        .map_err(Error::write(path))?;
    match contents.partition_table {
        PartitionTable::Gpt => gpt::create(&mut disk, &table),
        PartitionTable::Hybrid => gpt::create_hybrid(&mut disk, &table, &MBR_TYPES),
    }
    .map_err(Error::format("the partition table"))?;
    boot_volume(contents, &disk, boot, path)?;
    if let Some(image) = contents.boot.own_slot_image() {
        slot_boot(image, &disk, extent(PartitionRole::BootA), path)?;
    }
    config_volume(contents, &disk, config, path)?;
    root_partition(contents.root, &mut disk, root, path)?;
    disk.sync_all().map_err(Error::write(path))
}

fn table(contents: &Contents<'_>) -> Result<Table> {
    let guid = |name: &str| derive_guid(contents.seed, name);
    let partitions = match contents.boot.own_slot_image() {
        Some(_) => image_partitions_with_slot_boots(contents.root_type, guid),
        None => image_partitions(contents.root_type, guid),
    };
    Table::plan(Sector::Bytes512, guid("disk"), &partitions, None)
        .map_err(Error::format("the partition table"))
}

fn boot_volume(contents: &Contents<'_>, disk: &File, extent: Extent, path: &Path) -> Result<()> {
    let files = contents.boot.files(contents.version)?;
    let files: Vec<_> = files
        .iter()
        .map(|(path, content)| (path.as_str(), &content[..]))
        .collect();
    volume(
        disk,
        extent,
        Kind::Fat32,
        "BOOT",
        contents.seed,
        &files,
        path,
    )
}

/// Slot A's own boot partition. That of slot B stays empty: no file system, so nothing starts it.
fn slot_boot(image: &[u8], disk: &File, extent: Extent, path: &Path) -> Result<()> {
    if image.len() as u64 > extent.size {
        return Err(Error::Wrong(format!(
            "the boot image has {} bytes, a slot's boot partition {}",
            image.len(),
            extent.size
        )));
    }
    disk.write_all_at(image, extent.offset)
        .map_err(Error::write(path))
}

fn config_volume(contents: &Contents<'_>, disk: &File, extent: Extent, path: &Path) -> Result<()> {
    let files: Vec<(&str, &[u8])> = contents
        .config
        .iter()
        .map(|(name, bytes)| (*name, bytes.as_slice()))
        .collect();
    volume(
        disk,
        extent,
        Kind::Fat16,
        "CONFIG",
        contents.seed,
        &files,
        path,
    )
}

fn volume(
    disk: &File,
    extent: Extent,
    kind: Kind,
    label: &str,
    seed: &[u8],
    files: &[(&str, &[u8])],
    path: &Path,
) -> Result<()> {
    let window = || {
        let handle = disk.try_clone().map_err(Error::write(path))?;
        Window::new(handle, extent.offset, extent.size).map_err(Error::write(path))
    };
    let id = derive_guid(seed, &format!("fat {label}")).as_fields().0;
    let spec = VolumeSpec {
        kind,
        label: Label::new(label).map_err(Error::format("a FAT label"))?,
        id,
        cluster: CLUSTER,
    };
    fat::format(&mut window()?, &spec).map_err(Error::format("a FAT volume"))?;
    let volume = fat::open(window()?).map_err(Error::format("a FAT volume"))?;
    for (name, mut content) in files.iter().copied() {
        volume
            .write_file(name, &mut content)
            .map_err(Error::format("a file on a FAT volume"))?;
    }
    volume.finish().map_err(Error::format("a FAT volume"))
}

fn root_partition(root: &RootImage, disk: &mut File, extent: Extent, path: &Path) -> Result<()> {
    let mut source = File::open(&root.path).map_err(Error::read(&root.path))?;
    disk.seek(SeekFrom::Start(extent.offset))
        .map_err(Error::write(path))?;
    std::io::copy(&mut source, disk).map_err(Error::write(path))?;
    Ok(())
}
