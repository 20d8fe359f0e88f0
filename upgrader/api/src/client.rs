//! A small blocking client of the agent.

use crate::{Answer, Progress, Request};
use init_api::Lines;
use std::io;
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
    lines: Lines,
}

impl Client {
    /// Connects, usually to [`init_api::paths::UPGRADE_SOCKET`].
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

    /// Asks once. `progress` sees what comes before the answer; a refusal is an error.
    ///
    /// # Errors
    /// The connection broke, the answer is not understood, or the agent refused.
    pub fn ask(
        &mut self,
        request: &Request,
        mut progress: impl FnMut(&Progress),
    ) -> Result<Answer, ClientError> {
        let path = &self.path;
        let broke = |source| ClientError::Talk {
            path: path.clone(),
            source,
        };
        self.lines.write(request).map_err(broke)?;
        loop {
            let line = self.lines.read().map_err(broke)?;
            match serde_json::from_str(&line) {
                Ok(Answer::Progress(step)) => progress(&step),
                Ok(Answer::Refused { reason }) => return Err(ClientError::Refused(reason)),
                Ok(answer) => return Ok(answer),
                Err(source) => return Err(ClientError::Answer { line, source }),
            }
        }
    }
}
