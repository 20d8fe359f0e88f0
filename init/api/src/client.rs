//! A small blocking client of PID 1.

use crate::{Lines, Request, Response, Status};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// PID 1 answers from memory; longer means that it hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to PID 1's socket.
#[derive(Debug)]
pub struct Client {
    path: PathBuf,
    lines: Lines,
}

/// Talking with PID 1 failed.
#[derive(Debug, Error)]
pub enum ClientError {
    /// No connection.
    #[error("cannot reach PID 1 at {path}; are you root on a Holdfast node?")]
    Connect {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The connection broke, or no answer came in time.
    #[error("PID 1 at {path} did not answer")]
    Talk {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The answer is not one that this build knows.
    #[error("PID 1 answered something that this program does not understand: {line:?}")]
    Answer {
        /// What came.
        line: String,
        /// Why.
        source: serde_json::Error,
    },
    /// PID 1 does not do it.
    #[error("PID 1 refused: {reason}")]
    Refused {
        /// PID 1's words.
        reason: String,
    },
    /// An answer that does not fit the request.
    #[error("PID 1 gave an answer that does not fit {asked:?}")]
    Mismatch {
        /// The request.
        asked: Request,
    },
}

impl Client {
    /// Connects to PID 1, usually at [`crate::paths::SOCKET`].
    ///
    /// # Errors
    /// Nobody listens there, or the caller is not root.
    pub fn connect(path: impl AsRef<Path>) -> Result<Self, ClientError> {
        let path = path.as_ref().to_path_buf();
        match Lines::connect(&path, PATIENCE) {
            Ok(lines) => Ok(Self { path, lines }),
            Err(source) => Err(ClientError::Connect { path, source }),
        }
    }

    /// Asks once and waits for the answer; a refusal is an error.
    ///
    /// # Errors
    /// The connection broke, the answer is not understood, or PID 1 refused.
    pub fn ask(&mut self, request: &Request) -> Result<Response, ClientError> {
        let line = self.exchange(request).map_err(|source| ClientError::Talk {
            path: self.path.clone(),
            source,
        })?;
        match serde_json::from_str(&line) {
            Ok(Response::Refused { reason }) => Err(ClientError::Refused { reason }),
            Ok(response) => Ok(response),
            Err(source) => Err(ClientError::Answer { line, source }),
        }
    }

    /// Everything that PID 1 knows.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub fn status(&mut self) -> Result<Status, ClientError> {
        match self.ask(&Request::Status)? {
            Response::Status { status } => Ok(*status),
            _ => Err(ClientError::Mismatch {
                asked: Request::Status,
            }),
        }
    }

    /// Asks for a new run of `holdfast node configure`; gives the generation to wait for in the status.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub fn reconfigure(&mut self) -> Result<u64, ClientError> {
        match self.ask(&Request::Reconfigure)? {
            Response::Reconfiguring { generation } => Ok(generation),
            _ => Err(ClientError::Mismatch {
                asked: Request::Reconfigure,
            }),
        }
    }

    fn exchange(&mut self, request: &Request) -> io::Result<String> {
        self.lines.write(request)?;
        self.lines.read()
    }
}
