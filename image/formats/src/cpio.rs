//! Initramfs archives: "newc" cpio, as the kernel unpacks them.
//!
//! Entries are numbered in the order given and bear one time stamp, so that the same input gives
//! the same bytes. Directories that an entry needs are added before it: the kernel makes none by
//! itself.

use std::collections::BTreeSet;
use std::io::{self, Write};

use cpio::newc::{Builder, ModeFileType, trailer};

/// Time stamp of every entry: 2020-01-01, where our certificates begin as well.
const MTIME: u32 = 1_577_836_800;

/// The kernel looks for the next archive at multiples of this many bytes.
const ALIGNMENT: usize = 4;

/// Why an archive could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A path that is empty, absolute, or goes up.
    #[error("`{0}` is no path inside an archive: relative names without `.` and `..` are")]
    Path(String),
    /// The same path twice.
    #[error("`{0}` is in the archive already")]
    Duplicate(String),
    /// A file whose length does not fit its field.
    #[error("`{path}` has {size} bytes, a cpio archive holds files below 4 GiB")]
    TooLarge {
        /// The file.
        path: String,
        /// Its length.
        size: usize,
    },
    /// The output refused.
    #[error("cannot write `{path}` into the archive")]
    Write {
        /// The entry at hand.
        path: String,
        /// What went wrong.
        source: io::Error,
    },
    /// Compression failed.
    #[error("cannot compress the archive")]
    Compress(#[source] io::Error),
}

/// Which kind of device node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// A character device, such as `/dev/console` (5, 1).
    Character,
    /// A block device.
    Block,
}

/// An archive on its way out.
#[derive(Debug)]
pub struct Archive<W> {
    out: W,
    next_inode: u32,
    paths: BTreeSet<String>,
    directories: BTreeSet<String>,
}

/// What one entry is, beside its name and content.
struct Meta {
    mode: u32,
    kind: ModeFileType,
    device: (u32, u32),
}

impl<W: Write> Archive<W> {
    /// An empty archive.
    pub fn new(out: W) -> Self {
        Self {
            out,
            next_inode: 1,
            paths: BTreeSet::new(),
            directories: BTreeSet::new(),
        }
    }

    /// Adds a directory with permission bits `mode`. One that was added for its content before
    /// keeps mode 0755.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn directory(&mut self, path: &str, mode: u32) -> Result<(), Error> {
        if self.directories.contains(path) {
            return Ok(());
        }
        self.add(
            path,
            Meta {
                mode,
                kind: ModeFileType::Directory,
                device: (0, 0),
            },
            &[],
        )?;
        self.directories.insert(path.to_owned());
        Ok(())
    }

    /// Adds a file with permission bits `mode`.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn file(&mut self, path: &str, mode: u32, content: &[u8]) -> Result<(), Error> {
        self.add(
            path,
            Meta {
                mode,
                kind: ModeFileType::Regular,
                device: (0, 0),
            },
            content,
        )
    }

    /// Adds a symbolic link to `target`.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn symlink(&mut self, path: &str, target: &str) -> Result<(), Error> {
        let meta = Meta {
            mode: 0o777,
            kind: ModeFileType::Symlink,
            device: (0, 0),
        };
        self.add(path, meta, target.as_bytes())
    }

    /// Adds a device node.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn device(
        &mut self,
        path: &str,
        mode: u32,
        kind: Device,
        major: u32,
        minor: u32,
    ) -> Result<(), Error> {
        let kind = match kind {
            Device::Character => ModeFileType::Char,
            Device::Block => ModeFileType::Block,
        };
        self.add(
            path,
            Meta {
                mode,
                kind,
                device: (major, minor),
            },
            &[],
        )
    }

    /// Ends the archive and hands the output back.
    ///
    /// # Errors
    /// When the output refuses.
    pub fn finish(self) -> Result<W, Error> {
        trailer(self.out).map_err(|source| Error::Write {
            path: "TRAILER!!!".to_owned(),
            source,
        })
    }

    fn add(&mut self, path: &str, meta: Meta, content: &[u8]) -> Result<(), Error> {
        check_path(path)?;
        if let Some((parent, _)) = path.rsplit_once('/') {
            self.directory(parent, 0o755)?;
        }
        let size = u32::try_from(content.len()).map_err(|_| Error::TooLarge {
            path: path.to_owned(),
            size: content.len(),
        })?;
        if !self.paths.insert(path.to_owned()) {
            return Err(Error::Duplicate(path.to_owned()));
        }
        let links = if matches!(meta.kind, ModeFileType::Directory) {
            2
        } else {
            1
        };
        let builder = Builder::new(path)
            .ino(self.next_inode)
            .mode(meta.mode & 0o7777)
            .set_mode_file_type(meta.kind)
            .nlink(links)
            .mtime(MTIME)
            .rdev_major(meta.device.0)
            .rdev_minor(meta.device.1);
        let failed = |source| Error::Write {
            path: path.to_owned(),
            source,
        };
        let mut writer = builder.write(&mut self.out, size);
        writer.write_all(content).map_err(failed)?;
        writer.finish().map_err(failed)?;
        self.next_inode += 1;
        Ok(())
    }
}

fn check_path(path: &str) -> Result<(), Error> {
    let plain = |name: &str| !matches!(name, "" | "." | "..") && !name.contains('\0');
    if path.split('/').all(plain) {
        Ok(())
    } else {
        Err(Error::Path(path.to_owned()))
    }
}

/// Joins `early`, which the kernel reads before it can decompress (processor microcode), and
/// `main` as one zstd frame, into one initramfs. Either may be empty.
///
/// Every part is padded so that the next one, be it one that the boot loader adds, stands where
/// the kernel looks for it.
///
/// # Errors
/// When zstd does not take the level.
pub fn initramfs(early: &[u8], main: &[u8], level: i32) -> Result<Vec<u8>, Error> {
    let mut out = early.to_vec();
    out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
    if !main.is_empty() {
        out.extend(compress(main, level).map_err(Error::Compress)?);
        out.resize(out.len().next_multiple_of(ALIGNMENT), 0);
    }
    Ok(out)
}

/// One frame with its length and a checksum, made by one thread: the kernel reads one frame only.
fn compress(main: &[u8], level: i32) -> io::Result<Vec<u8>> {
    let mut encoder = zstd::Encoder::new(Vec::new(), level)?;
    encoder.include_checksum(true)?;
    encoder.set_pledged_src_size(Some(main.len() as u64))?;
    encoder.write_all(main)?;
    encoder.finish()
}

#[cfg(test)]
mod tests;
