//! What a program says, kept up to a size: `e2fsck -y` on a damaged disk has a line for each thing that is wrong, and the log
//! lies in memory.

use std::fs::File;
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;

/// As much of a log as is kept, in bytes.
const KEPT: u64 = 1024 * 1024;

/// The reading end of a program's output, and where it goes.
#[derive(Debug)]
pub(super) struct Output {
    /// None behind its end.
    pipe: Option<PipeReader>,
    file: File,
    left: u64,
}

impl Output {
    /// Reads from `pipe` into a new file at `path`.
    #[expect(
        clippy::disallowed_methods,
        reason = "a log, which may be cut off anywhere"
    )]
    pub(super) fn new(pipe: PipeReader, path: &Path) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&pipe, true)?;
        Ok(Self {
            pipe: Some(pipe),
            file: File::create(path)?,
            left: KEPT,
        })
    }

    /// What to poll; none behind its end.
    pub(super) fn pipe(&self) -> Option<impl AsFd> {
        self.pipe.as_ref()
    }

    /// Takes what is there. What the file does not take is lost: it is a log.
    pub(super) fn take(&mut self) {
        let mut buffer = [0; 16 * 1024];
        while let Some(pipe) = &mut self.pipe {
            match pipe.read(&mut buffer) {
                Ok(0) => self.pipe = None,
                Ok(count) => self.write(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => self.pipe = None,
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.left == 0 {
            return;
        }
        let fits = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let _ = self.file.write_all(&bytes[..fits]);
        self.left -= fits as u64;
        if self.left == 0 {
            let _ = self.file.write_all(b"\n(the rest was not kept)\n");
        }
    }
}
