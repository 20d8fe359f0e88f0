//! One volume: opened, listed, read and written.

use std::io::{self, Read, Seek, Write};

use fatfs::{FatType, FsOptions};

use super::check::check;
use super::clock::FIXED_TIME;
use super::dots::straighten;
use super::shared::Shared;
use super::{Error, Kind};
use crate::window::Window;

/// A file or directory of a volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Path from the root, with `/` between names.
    pub path: String,
    /// Whether it is a directory.
    pub directory: bool,
    /// Length in bytes; 0 for a directory.
    pub size: u64,
}

/// An open volume. [`Volume::finish`] writes what is still in memory.
pub struct Volume<D: Read + Write + Seek> {
    inner: fatfs::FileSystem<Shared<D>>,
    disk: Shared<D>,
}

/// Opens the volume that fills `disk`, after looking it over: what is not whole is neither read nor
/// changed.
///
/// # Errors
/// When there is none, or a damaged one.
pub fn open<D: Read + Write + Seek>(mut disk: D) -> Result<Volume<D>, Error> {
    check(&mut disk).map_err(Error::Damaged)?;
    disk.rewind().map_err(Error::Open)?;
    let options = FsOptions::new()
        .time_provider(&FIXED_TIME)
        .update_accessed_date(false);
    let disk = Shared::new(disk);
    let inner = fatfs::FileSystem::new(disk.clone(), options).map_err(Error::Open)?;
    Ok(Volume { inner, disk })
}

/// Opens the volume in the `length` bytes at `offset` of an image, such as a partition of it.
///
/// # Errors
/// When there is none, or the image ends before it.
pub fn open_at<D: Read + Write + Seek>(
    image: D,
    offset: u64,
    length: u64,
) -> Result<Volume<Window<D>>, Error> {
    open(Window::new(image, offset, length).map_err(Error::Open)?)
}

/// Most entries a listing holds, and deepest directory: far beyond what our volumes have.
const MAX_ENTRIES: usize = 10_000;
const MAX_DEPTH: usize = 16;

impl<D: Read + Write + Seek> Volume<D> {
    /// Writes a whole file, in place of an older one; its directories are made.
    ///
    /// # Errors
    /// When the volume is full or damaged, or `content` fails.
    pub fn write_file<R: Read>(&self, path: &str, content: &mut R) -> Result<(), Error> {
        if let Some((parents, _)) = path.rsplit_once('/') {
            self.make_directories(parents)?;
        }
        let failed = |source| Error::Write {
            path: path.to_owned(),
            source,
        };
        let mut file = self.inner.root_dir().create_file(path).map_err(failed)?;
        file.truncate().map_err(failed)?;
        io::copy(content, &mut file).map_err(failed)?;
        file.flush().map_err(failed)
    }

    /// Makes `path` and every directory above it; those that are there stay.
    ///
    /// # Errors
    /// When the volume is full or damaged, or a file bears the name.
    pub fn make_directories(&self, path: &str) -> Result<(), Error> {
        let failed = |source| Error::Directory {
            path: path.to_owned(),
            source,
        };
        let mut directory = self.inner.root_dir();
        for (depth, name) in path.split('/').filter(|name| !name.is_empty()).enumerate() {
            directory = match directory.open_dir(name) {
                Ok(there) => there,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let new = directory.create_dir(name).map_err(failed)?;
                    straighten(&new, depth == 0, &self.disk).map_err(failed)?;
                    new
                }
                Err(error) => return Err(failed(error)),
            };
        }
        Ok(())
    }

    /// A whole file of at most `limit` bytes.
    ///
    /// # Errors
    /// When it is not there, is larger, or cannot be read.
    pub fn read_file(&self, path: &str, limit: u64) -> Result<Vec<u8>, Error> {
        let failed = |source| Error::Read {
            path: path.to_owned(),
            source,
        };
        let file = self.inner.root_dir().open_file(path).map_err(failed)?;
        let mut content = Vec::new();
        file.take(limit.saturating_add(1))
            .read_to_end(&mut content)
            .map_err(failed)?;
        if content.len() as u64 > limit {
            return Err(Error::TooLarge {
                path: path.to_owned(),
                limit,
            });
        }
        Ok(content)
    }

    /// Removes a file or an empty directory.
    ///
    /// # Errors
    /// When it is not there, or not empty.
    pub fn remove(&self, path: &str) -> Result<(), Error> {
        let failed = |source| Error::Write {
            path: path.to_owned(),
            source,
        };
        self.inner.root_dir().remove(path).map_err(failed)
    }

    /// Everything on the volume, parents before their children, in the order stored.
    ///
    /// # Errors
    /// When a directory cannot be read, or the tree does not end.
    pub fn list(&self) -> Result<Vec<Entry>, Error> {
        let mut out = Vec::new();
        list_into(&self.inner.root_dir(), "", 0, &mut out)?;
        Ok(out)
    }

    /// Bytes that are not in use.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub fn free(&self) -> Result<u64, Error> {
        let stats = self.inner.stats().map_err(Error::Open)?;
        Ok(u64::from(stats.free_clusters()) * u64::from(stats.cluster_size()))
    }

    /// Which FAT it is.
    pub fn kind(&self) -> Option<Kind> {
        match self.inner.fat_type() {
            FatType::Fat16 => Some(Kind::Fat16),
            FatType::Fat32 => Some(Kind::Fat32),
            FatType::Fat12 => None,
        }
    }

    /// The volume's serial number.
    pub fn id(&self) -> u32 {
        self.inner.volume_id()
    }

    /// The volume's name, from its root directory.
    ///
    /// # Errors
    /// When the root directory cannot be read.
    pub fn label(&self) -> Result<Option<String>, Error> {
        self.inner
            .read_volume_label_from_root_dir()
            .map_err(|source| Error::Directory {
                path: "/".to_owned(),
                source,
            })
    }

    /// Writes what is still in memory and marks the volume clean.
    ///
    /// # Errors
    /// When the disk refuses a write.
    pub fn finish(self) -> Result<(), Error> {
        // Counts the free clusters if nobody has, so that the volume states them.
        self.inner.stats().map_err(Error::Finish)?;
        self.inner.unmount().map_err(Error::Finish)?;
        self.disk.clone().flush().map_err(Error::Finish)
    }
}

fn list_into<D: Read + Write + Seek>(
    directory: &fatfs::Dir<'_, Shared<D>>,
    prefix: &str,
    depth: usize,
    out: &mut Vec<Entry>,
) -> Result<(), Error> {
    if depth > MAX_DEPTH {
        return Err(Error::Endless(prefix.to_owned()));
    }
    for entry in directory.iter() {
        let entry = entry.map_err(|source| Error::Directory {
            path: prefix.to_owned(),
            source,
        })?;
        let name = entry.file_name();
        if name == "." || name == ".." {
            continue;
        }
        if out.len() >= MAX_ENTRIES {
            return Err(Error::Endless(prefix.to_owned()));
        }
        let path = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}/{name}")
        };
        out.push(Entry {
            path: path.clone(),
            directory: entry.is_dir(),
            size: entry.len(),
        });
        if entry.is_dir() {
            list_into(&entry.to_dir(), &path, depth + 1, out)?;
        }
    }
    Ok(())
}

impl<D: Read + Write + Seek> std::fmt::Debug for Volume<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Volume")
            .field("id", &self.id())
            .field("kind", &self.kind())
            .finish()
    }
}
