//! What is typed at a machine's serial console.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use crate::names;
use crate::{Error, Result};

/// A connection to the console of a machine that runs. There is one at a time.
#[derive(Debug)]
pub(crate) struct Keyboard {
    pub(crate) socket: UnixStream,
    path: PathBuf,
}

impl Keyboard {
    /// Connects to the console of the machine in the folder `dir`, through the folder: a socket's own path may be too long for its address.
    ///
    /// # Errors
    /// When a person is attached, or the machine has ended.
    pub(crate) fn connect(dir: &Path) -> Result<Self> {
        let path = dir.join(names::CONSOLE_SOCKET);
        let folder = File::open(dir).map_err(Error::file("open", dir))?;
        let short = format!(
            "/proc/self/fd/{}/{}",
            folder.as_raw_fd(),
            names::CONSOLE_SOCKET
        );
        let socket = UnixStream::connect(short).map_err(Error::file("connect to", &path))?;
        Ok(Self { socket, path })
    }

    /// Types keys.
    ///
    /// # Errors
    /// When the machine has ended.
    pub(crate) fn type_keys(&mut self, keys: &str) -> Result<()> {
        self.socket
            .write_all(keys.as_bytes())
            .map_err(Error::file("type at", &self.path))
    }
}
