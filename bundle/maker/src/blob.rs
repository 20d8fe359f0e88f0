//! A blob that is being written: one file, or pieces where it is larger than every stick's largest file.

use bundle::piece;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;

/// A blob that is being written. Under its names it is there when it is [finished](Blob::finish).
#[derive(Debug)]
pub(crate) struct Blob {
    path: PathBuf,
    in_pieces: bool,
    largest: u64,
    /// Those that were begun, the last one to be written to; each with the name that it gets.
    files: Vec<(File, PathBuf)>,
    /// Bytes in the last one.
    written: u64,
}

impl Blob {
    /// Begins one of `size` bytes at `path`, and takes away what is there of an earlier one.
    pub(crate) fn begin(path: &Path, size: u64, largest: u64) -> io::Result<Blob> {
        take_away(path)?;
        let mut blob = Blob {
            path: path.to_owned(),
            in_pieces: size > largest,
            largest,
            files: Vec::new(),
            written: 0,
        };
        blob.next_file()?;
        Ok(blob)
    }

    fn next_file(&mut self) -> io::Result<()> {
        let number = u32::try_from(self.files.len() + 1).map_err(io::Error::other)?;
        let name = match self.in_pieces {
            true => piece(&self.path, number),
            false => self.path.clone(),
        };
        self.files.push((File::create(part(&name))?, name));
        self.written = 0;
        Ok(())
    }

    /// Flushes all of it, and gives it its names.
    pub(crate) fn finish(self) -> io::Result<()> {
        for (file, _) in &self.files {
            file.sync_all()?;
        }
        for (_, name) in &self.files {
            std::fs::rename(part(name), name)?;
        }
        Ok(())
    }
}

/// Whatever lies there of it, also where a piece between others is gone.
fn take_away(path: &Path) -> io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(());
    };
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?.path();
        if entry == path || entry.file_stem() == Some(name) {
            host::file::remove(&entry)?;
        }
    }
    Ok(())
}

/// Reads, and writes what it reads to a blob.
pub(crate) struct Copying<'a, R> {
    pub(crate) from: R,
    pub(crate) to: &'a mut Blob,
    /// Why the blob could not be written, when reading gave an error.
    pub(crate) failed: Option<io::Error>,
}

impl<R: Read> Read for Copying<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.to.write_all(&buffer[..count]).map_err(|error| {
            self.failed = Some(error);
            io::Error::from(io::ErrorKind::Other)
        })?;
        Ok(count)
    }
}

fn part(name: &Path) -> PathBuf {
    let mut part = name.as_os_str().to_owned();
    part.push(".part");
    PathBuf::from(part)
}

impl Write for Blob {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.in_pieces && self.written == self.largest {
            self.next_file()?;
        }
        let room = match self.in_pieces {
            true => usize::try_from(self.largest - self.written).unwrap_or(usize::MAX),
            false => usize::MAX,
        };
        let Some((file, _)) = self.files.last_mut() else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let count = file.write(&bytes[..bytes.len().min(room)])?;
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Without a thread of its own: there is nothing else to be done meanwhile.
impl AsyncWrite for Blob {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::Blob;
    use bundle::Pieces;
    use std::collections::BTreeMap;
    use std::fs;
    use std::io::{Read, Write};
    use std::path::Path;

    fn there(folder: &Path) -> BTreeMap<String, usize> {
        let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let file = |entry: fs::DirEntry| {
            let size = fs::read(entry.path()).unwrap().len();
            (entry.file_name().into_string().unwrap(), size)
        };
        files.map(file).collect()
    }

    #[test]
    fn no_piece_is_larger_than_a_stick_takes_and_together_they_are_the_blob() {
        let content: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for (largest, expected) in [
            (1000, &[("blob", 1000)][..]),
            (999, &[("blob.1", 999), ("blob.2", 1)]),
            (500, &[("blob.1", 500), ("blob.2", 500)]),
            (
                300,
                &[
                    ("blob.1", 300),
                    ("blob.2", 300),
                    ("blob.3", 300),
                    ("blob.4", 100),
                ],
            ),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("blob");
            // Of an earlier bundle.
            for name in ["blob", "blob.1", "blob.2", "blob.3", "blob.5", "blob.17"] {
                fs::write(folder.path().join(name), "old").unwrap();
            }
            let mut blob = Blob::begin(&path, 1000, largest).unwrap();
            for part in content.chunks(77) {
                blob.write_all(part).unwrap();
            }
            assert!(Pieces::open(&path).is_err(), "it is not whole yet");
            blob.finish().unwrap();
            let expected = expected
                .iter()
                .map(|(name, size)| ((*name).to_owned(), *size));
            assert_eq!(there(folder.path()), expected.collect());
            let mut read = Vec::new();
            Pieces::open(&path).unwrap().read_to_end(&mut read).unwrap();
            assert_eq!(read, content);
        }
    }
}
