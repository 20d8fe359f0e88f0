//! Disks as the kernel shows them in sysfs.

use disk::gpt::{self, ReadError, Table};
use disk::{Geometry, Sector, SectorError};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Block devices that no disk of ours can be.
const OTHERS: [&str; 8] = ["loop", "ram", "zram", "dm-", "sr", "fd", "md", "nbd"];

/// A disk cannot be looked at.
#[derive(Debug, Error)]
pub(crate) enum DiskError {
    /// Its node cannot be opened.
    #[error("cannot open {node}")]
    Open {
        /// The node.
        node: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its sectors are of no use.
    #[error("cannot use {node}")]
    Sector {
        /// The node.
        node: PathBuf,
        /// Why.
        source: SectorError,
    },
    /// It has no whole partition table.
    #[error(transparent)]
    Table(ReadError),
    /// It does not tell its size.
    #[error("cannot find out the size of {node}")]
    Size {
        /// The node.
        node: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A whole disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Disk {
    /// Its name in sysfs.
    pub(crate) name: String,
    /// Its device node.
    pub(crate) node: PathBuf,
}

/// The disks that are there now, sorted by name.
pub(crate) fn disks(sys: &Path, dev: &Path) -> Vec<Disk> {
    let entries = fs::read_dir(sys.join("block"))
        .into_iter()
        .flatten()
        .flatten();
    let mut disks: Vec<_> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !OTHERS.iter().any(|other| name.starts_with(other)))
        .filter(|name| {
            let size = fs::read_to_string(sys.join("block").join(name).join("size"));
            size.is_ok_and(|text| text.trim() != "0")
        })
        .map(|name| Disk {
            node: node(&sys.join("block").join(&name), dev, &name),
            name,
        })
        .collect();
    disks.sort_by(|a, b| a.name.cmp(&b.name));
    disks
}

/// The device node of a disk's partition with this number; none if the kernel does not know it.
pub(crate) fn partition_node(sys: &Path, dev: &Path, disk: &str, number: u32) -> Option<PathBuf> {
    let folder = sys.join("block").join(disk);
    let entries = fs::read_dir(&folder).ok()?.flatten();
    let own = |path: &Path| {
        let text = fs::read_to_string(path.join("partition")).ok()?;
        (text.trim().parse() == Ok(number)).then_some(())
    };
    entries
        .map(|entry| entry.path())
        .find(|path| own(path).is_some())
        .map(|path| {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            node(&path, dev, &name)
        })
}

/// The names of a disk's partitions as the kernel read them. The disk itself is not asked: a sick one answers late.
pub(crate) fn partition_names(sys: &Path, disk: &str) -> Vec<String> {
    let entries = fs::read_dir(sys.join("block").join(disk));
    let name = |folder: PathBuf| -> Option<String> {
        let text = fs::read_to_string(folder.join("uevent")).ok()?;
        let told = text.lines().find_map(|l| l.strip_prefix("PARTNAME="));
        told.map(str::to_owned)
    };
    let names = entries.into_iter().flatten().flatten();
    names.filter_map(|entry| name(entry.path())).collect()
}

/// The kernel writes `!` in sysfs where the node's name has `/`; `uevent` has the node's name.
fn node(folder: &Path, dev: &Path, name: &str) -> PathBuf {
    let text = fs::read_to_string(folder.join("uevent")).unwrap_or_default();
    let told = text.lines().find_map(|line| line.strip_prefix("DEVNAME="));
    dev.join(told.unwrap_or(name))
}

impl Disk {
    /// Opens it.
    ///
    /// # Errors
    /// It is gone, or has no medium.
    pub(crate) fn open(&self, writable: bool) -> Result<File, DiskError> {
        let opened = OpenOptions::new()
            .read(true)
            .write(writable)
            .open(&self.node);
        opened.map_err(|source| DiskError::Open {
            node: self.node.clone(),
            source,
        })
    }

    /// Its sectors.
    ///
    /// # Errors
    /// It does not tell, or they are neither of 512 nor of 4096 bytes.
    pub(crate) fn geometry(&self, file: &File) -> Result<Geometry, DiskError> {
        let failure = |source| DiskError::Size {
            node: self.node.clone(),
            source,
        };
        let bytes = sys::block::sector_size(file).map_err(failure)?;
        let sector = Sector::of(bytes.into()).map_err(|source| DiskError::Sector {
            node: self.node.clone(),
            source,
        })?;
        let size = sys::block::size(file).map_err(failure)?;
        Ok(Geometry::new(sector, size))
    }

    /// Its table: the primary, or the backup if the primary is damaged.
    ///
    /// # Errors
    /// It cannot be opened or does not tell its size, or both copies are damaged.
    pub(crate) fn table(&self) -> Result<Table, DiskError> {
        let file = self.open(false)?;
        gpt::current(&file, self.geometry(&file)?).map_err(DiskError::Table)
    }
}

#[cfg(test)]
mod tests {
    use super::{disks, partition_names, partition_node};
    use std::fs;
    use std::path::Path;

    #[test]
    fn disks_and_partitions_are_found_in_sysfs() {
        let sys = tempfile::tempdir().expect("folder");
        for (path, content) in [
            ("block/nvme0n1/size", "1000\n"),
            ("block/nvme0n1/uevent", "MAJOR=259\nDEVNAME=nvme0n1\n"),
            ("block/nvme0n1/nvme0n1p3/partition", "3\n"),
            (
                "block/nvme0n1/nvme0n1p3/uevent",
                "DEVNAME=nvme0n1p3\nPARTN=3\nPARTNAME=root-a\n",
            ),
            ("block/cciss!c0d0/size", "1000\n"),
            ("block/cciss!c0d0/uevent", "DEVNAME=cciss/c0d0\n"),
            ("block/loop0/size", "8\n"),
            ("block/mmcblk0/size", "0\n"),
        ] {
            let path = sys.path().join(path);
            fs::create_dir_all(path.parent().expect("parent")).expect("folder");
            fs::write(path, content).expect("write");
        }
        let dev = Path::new("/dev");
        let nodes: Vec<_> = disks(sys.path(), dev).into_iter().map(|d| d.node).collect();
        assert_eq!(
            nodes,
            [Path::new("/dev/cciss/c0d0"), Path::new("/dev/nvme0n1")]
        );
        assert_eq!(
            partition_node(sys.path(), dev, "nvme0n1", 3).as_deref(),
            Some(Path::new("/dev/nvme0n1p3"))
        );
        assert_eq!(partition_node(sys.path(), dev, "nvme0n1", 1), None);
        assert_eq!(partition_names(sys.path(), "nvme0n1"), ["root-a"]);
        assert_eq!(partition_names(sys.path(), "none"), [""; 0]);
    }
}
