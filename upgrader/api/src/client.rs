//! A small blocking client of the agent.

use crate::{Answer, Request};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The agent says something at least this often while it works.
const PATIENCE: Duration = Duration::from_secs(120);

/// Talking with the agent failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection.
    #[error(
        "cannot reach the upgrader at {path}; are you root on a Holdfast node? `holdfast logs upgrade` says more"
    )]
    Connect {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The connection broke, or nothing came for too long.
    #[error("the upgrader at {path} did not answer to the end; `holdfast logs upgrade` says more")]
    Talk {
        /// The socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The answer is not one that this build knows.
    #[error("the upgrader answered something that this program does not understand: {line:?}")]
    Answer {
        /// What came.
        line: String,
        /// Why.
        source: serde_json::Error,
    },
    /// It is not done.
    #[error("{0}")]
    Refused(String),
}

/// A connection to the agent.
#[derive(Debug)]
pub struct Client {
    path: PathBuf,
    stream: BufReader<UnixStream>,
}

impl Client {
    /// Connects, usually to [`init_api::paths::UPGRADE_SOCKET`].
    ///
    /// # Errors
    /// Nobody listens there, or the caller is not root.
    pub fn connect(path: impl AsRef<Path>) -> Result<Self, ClientError> {
        let path = path.as_ref().to_path_buf();
        let open = || -> io::Result<UnixStream> {
            let stream = UnixStream::connect(&path)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(stream)
        };
        match open() {
            Ok(stream) => Ok(Self {
                path,
                stream: BufReader::new(stream),
            }),
            Err(source) => Err(ClientError::Connect { path, source }),
        }
    }

    /// Asks once. `progress` sees what comes before the answer; a refusal is an error.
    ///
    /// # Errors
    /// The connection broke, the answer is not understood, or the agent refused.
    pub fn ask(
        &mut self,
        request: &Request,
        mut progress: impl FnMut(&crate::Progress),
    ) -> Result<Answer, ClientError> {
        let mut line = self.exchange(Some(request))?;
        loop {
            match serde_json::from_str(&line) {
                Ok(Answer::Progress(step)) => progress(&step),
                Ok(Answer::Refused { reason }) => return Err(ClientError::Refused(reason)),
                Ok(answer) => return Ok(answer),
                Err(source) => return Err(ClientError::Answer { line, source }),
            }
            line = self.exchange(None)?;
        }
    }

    fn exchange(&mut self, request: Option<&Request>) -> Result<String, ClientError> {
        let mut talk = || -> io::Result<String> {
            if let Some(request) = request {
                let mut line = serde_json::to_string(request)?;
                line.push('\n');
                self.stream.get_mut().write_all(line.as_bytes())?;
            }
            let mut answer = String::new();
            if self.stream.read_line(&mut answer)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok(answer)
        };
        talk().map_err(|source| ClientError::Talk {
            path: self.path.clone(),
            source,
        })
    }
}
