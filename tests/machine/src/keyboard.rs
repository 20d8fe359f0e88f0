//! What is typed at a machine's serial console.

use std::fs::File;
use std::io::{self, Read, Write};
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
        self.drain()
            .and_then(|()| self.socket.write_all(keys.as_bytes()))
            .map_err(Error::file("type at", &self.path))
    }

    /// Takes what the machine has said meanwhile, which is in its log, too: one whose words nobody takes stops.
    fn drain(&mut self) -> io::Result<()> {
        self.socket.set_nonblocking(true)?;
        let mut said = [0; 4096];
        let end = loop {
            match self.socket.read(&mut said) {
                Ok(0) => break Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.socket.set_nonblocking(false)?;
        end
    }
}
