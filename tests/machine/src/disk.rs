//! A machine's disk as the host sees it while the machine is off: partitions, and bytes in and out.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use ::disk::{Geometry, Sector, gpt};

use crate::{Error, Result, command};

/// The Debian package with `qemu-img` and `qemu-io`.
const PACKAGE: &str = "qemu-utils";
/// What is copied in and out at least; partitions start at multiples of it.
const MIB: u64 = 1024 * 1024;

/// A disk in QEMU's own format.
#[derive(Debug, Clone)]
pub struct Disk {
    path: PathBuf,
}

/// A partition of a [`Disk`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its name in the partition table.
    pub name: String,
    /// Where it begins, in bytes.
    pub offset: u64,
    /// Its length in bytes.
    pub size: u64,
}

impl Disk {
    /// The disk in `path`, which must exist.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// Makes a layer over the raw image `base`, `gib` GiB large.
    ///
    /// # Errors
    /// When `qemu-img` fails.
    pub fn create(path: &Path, base: &Path, format: &str, gib: Option<u32>) -> Result<Self> {
        let mut create = Command::new("qemu-img");
        create
            .args(["create", "-q", "-f", "qcow2", "-F", format, "-b"])
            .arg(base)
            .arg(path);
        if let Some(gib) = gib {
            create.arg(format!("{gib}G"));
        }
        command::run(&mut create, PACKAGE)?;
        Ok(Self::at(path))
    }

    /// Makes an empty one, `gib` GiB large.
    ///
    /// # Errors
    /// When `qemu-img` fails.
    pub fn create_empty(path: &Path, gib: u32) -> Result<Self> {
        let mut create = Command::new("qemu-img");
        create
            .args(["create", "-q", "-f", "qcow2"])
            .arg(path)
            .arg(format!("{gib}G"));
        command::run(&mut create, PACKAGE)?;
        Ok(Self::at(path))
    }

    /// Its file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The partition with this name.
    ///
    /// # Errors
    /// [`Error::NoPartition`] with the names that are there.
    pub fn partition(&self, name: &str) -> Result<Partition> {
        let all = self.partitions()?;
        let have = all
            .iter()
            .map(|one| one.name.as_str())
            .collect::<Vec<_>>()
            .join(", ");
        all.into_iter()
            .find(|one| one.name == name)
            .ok_or_else(|| Error::NoPartition {
                disk: self.path.clone(),
                name: name.to_owned(),
                have,
            })
    }

    /// All partitions.
    ///
    /// # Errors
    /// When the disk has no readable partition table.
    pub fn partitions(&self) -> Result<Vec<Partition>> {
        let scratch = self.scratch()?;
        let head = scratch.path().join("head");
        self.extract(0, MIB, &head)?;
        let file = File::options()
            .read(true)
            .write(true)
            .open(&head)
            .map_err(Error::file("open", &head))?;
        let size = self.size()?;
        // The reader of tables wants the whole disk; beyond its head a hole will do.
        file.set_len(size).map_err(Error::file("enlarge", &head))?;
        let geometry = Geometry::new(Sector::Bytes512, size);
        let table = gpt::current(&file, geometry).map_err(|error| self.content(&error))?;
        let partition = |one: &gpt::Partition| {
            let extent = table.extent(one);
            Partition {
                name: one.name.clone(),
                offset: extent.offset,
                size: extent.size,
            }
        };
        Ok(table.partitions.iter().map(partition).collect())
    }

    /// Copies all that the machine sees of it into the new raw image `to`, with holes where it is empty.
    ///
    /// # Errors
    /// When `qemu-img` fails, which it does while the machine runs.
    pub fn flatten(&self, to: &Path) -> Result<()> {
        let mut convert = Command::new("qemu-img");
        convert
            .args(["convert", "-f", "qcow2", "-O", "raw"])
            .args([&self.path, to]);
        command::run(&mut convert, PACKAGE).map(drop)
    }

    /// Copies `length` bytes from `offset` into the new file `to`; both in whole MiB.
    ///
    /// # Errors
    /// When `qemu-img` fails, which it does while the machine runs.
    pub fn extract(&self, offset: u64, length: u64, to: &Path) -> Result<()> {
        let mut dd = Command::new("qemu-img");
        dd.args(["dd", "-f", "qcow2", "-O", "raw", "bs=1M"])
            .arg(format!("skip={}", offset / MIB))
            .arg(format!("count={}", length.div_ceil(MIB) + offset / MIB))
            .arg(format!("if={}", self.path.display()))
            .arg(format!("of={}", to.display()));
        command::run(&mut dd, PACKAGE).map(drop)
    }

    /// Writes the file `from` over the disk at `offset`, a multiple of 512 bytes; the file's length must be one too.
    ///
    /// # Errors
    /// When `qemu-io` fails, which it does while the machine runs.
    pub fn insert(&self, offset: u64, from: &Path) -> Result<()> {
        let length = fs::metadata(from).map_err(Error::file("read", from))?.len();
        let (folder, name) = (
            from.parent().unwrap_or("/".as_ref()),
            from.file_name().unwrap_or_default(),
        );
        let disk = fs::canonicalize(&self.path).map_err(Error::file("find", &self.path))?;
        let mut write = Command::new("qemu-io");
        // qemu-io splits its commands at spaces and knows no quotes, so it gets a bare name inside the folder.
        write
            .current_dir(folder)
            .args(["-f", "qcow2", "-c"])
            .arg(format!(
                "write -q -s {} {offset} {length}",
                name.to_string_lossy()
            ))
            .arg(disk);
        command::run(&mut write, PACKAGE).map(drop)
    }

    /// Changes the bytes of `partition` in a file of the host: out, `edit`, and back in.
    ///
    /// # Errors
    /// What `edit` and the copying return.
    pub fn edit(
        &self,
        partition: &Partition,
        edit: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<()> {
        let scratch = self.scratch()?;
        let file = scratch.path().join("partition");
        self.extract(partition.offset, partition.size, &file)?;
        edit(&file)?;
        self.insert(partition.offset, &file)
    }

    /// Shows `look` a copy of the bytes of `partition`.
    ///
    /// # Errors
    /// What `look` and the copying return.
    pub(crate) fn look_into(
        &self,
        partition: &Partition,
        look: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<()> {
        let scratch = self.scratch()?;
        let file = scratch.path().join("partition");
        self.extract(partition.offset, partition.size, &file)?;
        look(&file)
    }

    /// Inverts one bit: bit 0 of the byte at `offset`.
    ///
    /// # Errors
    /// As [`Disk::extract`] and [`Disk::insert`].
    pub fn flip_bit(&self, offset: u64) -> Result<()> {
        let scratch = self.scratch()?;
        let file = scratch.path().join("piece");
        let start = offset / MIB * MIB;
        self.extract(start, MIB, &file)?;
        let mut bytes = fs::read(&file).map_err(Error::file("read", &file))?;
        let at = usize::try_from(offset - start).unwrap_or(usize::MAX);
        match bytes.get_mut(at) {
            Some(byte) => *byte ^= 1,
            None => return Err(self.content(&format!("byte {offset} is behind the disk's end"))),
        }
        fs::write(&file, bytes).map_err(Error::file("write", &file))?;
        self.insert(start, &file)
    }

    /// Its size as the guest sees it, in bytes.
    fn size(&self) -> Result<u64> {
        let mut info = Command::new("qemu-img");
        info.args(["info", "--output=json"]).arg(&self.path);
        let output = command::run(&mut info, PACKAGE)?;
        serde_json::from_slice::<serde_json::Value>(&output.stdout)
            .ok()
            .and_then(|info| info["virtual-size"].as_u64())
            .ok_or_else(|| self.content(&"qemu-img info names no size"))
    }

    fn scratch(&self) -> Result<tempfile::TempDir> {
        let folder = self.path.parent().unwrap_or("/".as_ref());
        tempfile::tempdir_in(folder).map_err(Error::file("make a folder in", folder))
    }

    /// The error that says what is wrong with what is on the disk.
    pub(crate) fn content(&self, reason: &dyn std::fmt::Display) -> Error {
        Error::DiskContent {
            disk: self.path.clone(),
            reason: reason.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disk(folder: &Path) -> Disk {
        let base = folder.join("base.img");
        let mut bytes = vec![0u8; 3 * MIB as usize];
        bytes[2 * MIB as usize] = 0xa4;
        fs::write(&base, bytes).unwrap();
        Disk::create(&folder.join("disk.qcow2"), &base, "raw", Some(1)).unwrap()
    }

    #[test]
    fn bytes_go_in_and_come_out_and_the_base_stays() {
        let folder = tempfile::tempdir().unwrap();
        let disk = disk(folder.path());
        assert_eq!(disk.size().unwrap(), 1024 * MIB);
        let piece = Partition {
            name: String::new(),
            offset: 2 * MIB,
            size: MIB,
        };
        disk.edit(&piece, |file| {
            let mut bytes = fs::read(file).unwrap();
            assert_eq!((bytes.len() as u64, bytes[0]), (MIB, 0xa4));
            bytes[1] = 7;
            fs::write(file, bytes).map_err(Error::file("write", file))
        })
        .unwrap();
        disk.flip_bit(2 * MIB).unwrap();
        let out = folder.path().join("out");
        disk.extract(2 * MIB, MIB, &out).unwrap();
        assert_eq!(fs::read(&out).unwrap()[..3], [0xa5, 7, 0]);
        assert_eq!(
            fs::read(folder.path().join("base.img")).unwrap()[2 * MIB as usize],
            0xa4
        );
    }

    #[test]
    fn a_disk_without_a_table_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let error = disk(folder.path())
            .partition("CONFIG")
            .unwrap_err()
            .to_string();
        assert!(error.contains("no usable partition table"), "{error}");
    }
}
