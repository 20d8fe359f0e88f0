//! The flashable disk image: GPT, boot partition, CONFIG, root A.

use crate::boot::BootFiles;
use crate::error::{Error, Result};
use crate::root_image::RootImage;
use formats::Window;
use formats::fat::{self, Kind, Label, VolumeSpec};
use formats::gpt::{self, NewPartition, Partition, Table, Uuid, derive_guid, types};
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::Path;

const MIB: u64 = 1 << 20;
const BOOT_SIZE: u64 = 256 * MIB;
const CONFIG_SIZE: u64 = 64 * MIB;
/// Size of a root slot.
pub(crate) const ROOT_SIZE: u64 = 512 * MIB;
/// Clusters of 2 KiB make 256 MiB a FAT32 and 64 MiB a FAT16 by their count, which is what firmware goes by.
const CLUSTER: u32 = 2048;

/// The menu is not shown, entries are chosen by version and counter (a `default` would override that), and a UKI that cannot be
/// loaded leads to a reboot, not to a wait for a person.
const LOADER_CONF: &str =
    "timeout 0\neditor no\nauto-entries no\nauto-firmware no\nreboot-on-error yes\n";

/// What a disk image is made of.
pub(crate) struct Contents<'a> {
    /// GPT type of a root partition.
    pub(crate) root_type: Uuid,
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
    if contents.root.size > ROOT_SIZE {
        return Err(Error::Wrong(format!(
            "the root image has {} bytes, a slot {ROOT_SIZE}: drop more in filters.toml",
            contents.root.size
        )));
    }
    let table = table(contents)?;
    let mut disk = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
        .map_err(Error::write(path))?;
    disk.set_len(table.disk_size())
        .map_err(Error::write(path))?;
    gpt::write(&mut disk, &table).map_err(Error::format("the partition table"))?;
    let find = |name: &str| table.find(name).expect("the table was planned with it");
    boot_volume(contents, &disk, find("boot"), path)?;
    config_volume(contents, &disk, find("CONFIG"), path)?;
    root_partition(contents.root, &mut disk, find("root-a"), path)?;
    disk.sync_all().map_err(Error::write(path))
}

fn table(contents: &Contents<'_>) -> Result<Table> {
    let new = |name: &str, type_guid: Uuid, size: u64| NewPartition {
        name: name.into(),
        type_guid,
        guid: derive_guid(contents.seed, name),
        size,
        attributes: 0,
    };
    let partitions = [
        new("boot", types::ESP, BOOT_SIZE),
        new("CONFIG", types::BASIC_DATA, CONFIG_SIZE),
        new("root-a", contents.root_type, ROOT_SIZE),
    ];
    Table::plan(derive_guid(contents.seed, "disk"), &partitions, None)
        .map_err(Error::format("the partition table"))
}

fn boot_volume(
    contents: &Contents<'_>,
    disk: &File,
    partition: &Partition,
    path: &Path,
) -> Result<()> {
    let uki = format!("EFI/Linux/holdfast_{}.efi", contents.version);
    let files: [(&str, &[u8]); 3] = [
        (&contents.boot.loader_path, &contents.boot.loader),
        ("loader/loader.conf", LOADER_CONF.as_bytes()),
        (&uki, &contents.boot.uki),
    ];
    volume(
        disk,
        partition,
        Kind::Fat32,
        "BOOT",
        contents.seed,
        &files,
        path,
    )
}

fn config_volume(
    contents: &Contents<'_>,
    disk: &File,
    partition: &Partition,
    path: &Path,
) -> Result<()> {
    let files: Vec<(&str, &[u8])> = contents
        .config
        .iter()
        .map(|(name, bytes)| (*name, bytes.as_slice()))
        .collect();
    volume(
        disk,
        partition,
        Kind::Fat16,
        "CONFIG",
        contents.seed,
        &files,
        path,
    )
}

fn volume(
    disk: &File,
    partition: &Partition,
    kind: Kind,
    label: &str,
    seed: &[u8],
    files: &[(&str, &[u8])],
    path: &Path,
) -> Result<()> {
    let window = || {
        let handle = disk.try_clone().map_err(Error::write(path))?;
        Window::new(handle, partition.offset(), partition.size()).map_err(Error::write(path))
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

fn root_partition(
    root: &RootImage,
    disk: &mut File,
    partition: &Partition,
    path: &Path,
) -> Result<()> {
    let mut source = File::open(&root.path).map_err(Error::read(&root.path))?;
    disk.seek(SeekFrom::Start(partition.offset()))
        .map_err(Error::write(path))?;
    std::io::copy(&mut source, disk).map_err(Error::write(path))?;
    Ok(())
}
