//! JSON lines over a unix socket, from the side that asks.

use serde::Serialize;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// A connection on which each side writes lines of JSON.
#[derive(Debug)]
pub struct Lines(BufReader<UnixStream>);

impl Lines {
    /// Connects to the socket at `path`. A line that takes longer than `patience` is an error.
    ///
    /// # Errors
    /// Nobody listens there, or the caller may not.
    pub fn connect(path: &Path, patience: Duration) -> io::Result<Self> {
        let stream = UnixStream::connect(path)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Writes a line.
    ///
    /// # Errors
    /// The connection broke, or the other side does not read.
    pub fn write(&mut self, message: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_string(message)?;
        line.push('\n');
        self.0.get_mut().write_all(line.as_bytes())
    }

    /// Waits for the next line.
    ///
    /// # Errors
    /// The connection broke or ended, or nothing came in time.
    pub fn read(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.0.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line)
    }
}
