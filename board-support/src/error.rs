//! What can be wrong with boards.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A board cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder of boards cannot be read.
    #[error("cannot read the folder of boards {path}")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A board file cannot be read.
    #[error("cannot read {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A board file says something it must not.
    #[error("{0}")]
    Wrong(Problem),
    /// No file for a board.
    #[error("there is no board `{name}`{}; there are: {}", nearest_text(.nearest), .known.join(", "))]
    Unknown {
        /// The name asked for.
        name: String,
        /// The known name that is most like it, if one is.
        nearest: Option<String>,
        /// All known names.
        known: Vec<String>,
    },
}

fn nearest_text(nearest: &Option<String>) -> String {
    nearest
        .as_ref()
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}

/// One wrong place in a board file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file's name.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The line itself.
    pub text: String,
    /// What is wrong, and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            line,
            column,
            text,
            message,
        } = self;
        write!(f, "{file}:{line}:{column}: {message}\n  {line} | {text}")
    }
}
