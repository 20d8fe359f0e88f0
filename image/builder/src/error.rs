//! What can stop a build, and what to do about it.

use std::path::{Path, PathBuf};

/// Result of a build step.
pub type Result<T> = std::result::Result<T, Error>;

/// A build that stopped. The variant is the act that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read.
    #[error("cannot read {path}")]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file or folder could not be written.
    #[error("cannot write {path}")]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A data file of the project does not parse.
    #[error("{path} is not what it should be")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A program that the build needs is not installed.
    #[error(
        "the program {program} is missing: run tools/setup, or install the Debian package {package}"
    )]
    NoProgram {
        /// Its name.
        program: String,
        /// The Debian package that has it.
        package: &'static str,
    },
    /// A program failed.
    #[error("`{line}` failed ({status}){}", quoted(.stderr))]
    Program {
        /// The command line.
        line: String,
        /// How it ended.
        status: String,
        /// The end of what it said.
        stderr: String,
    },
    /// Something in the project or on the host is wrong; the text says what and what to do.
    #[error("{0}")]
    Wrong(String),
    /// An on-disk format could not be written.
    #[error("cannot make {what}")]
    Format {
        /// Which part of the image.
        what: &'static str,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

fn quoted(stderr: &str) -> String {
    let tail: Vec<&str> = stderr.trim().lines().rev().take(12).collect();
    if tail.is_empty() {
        return String::new();
    }
    let lines: Vec<&str> = tail.into_iter().rev().collect();
    format!("; it said:\n    {}", lines.join("\n    "))
}

impl Error {
    /// For `map_err` on reads.
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    /// For `map_err` on writes.
    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Write {
            path: path.to_owned(),
            source,
        }
    }

    /// For `map_err` on parsers.
    pub(crate) fn parse<E: std::error::Error + Send + Sync + 'static>(
        path: &Path,
    ) -> impl FnOnce(E) -> Self + '_ {
        move |source| Self::Parse {
            path: path.to_owned(),
            source: Box::new(source),
        }
    }

    /// For `map_err` on boards, whose errors say everything themselves.
    pub(crate) fn board(source: boards::Error) -> Self {
        let mut text = source.to_string();
        let mut cause = std::error::Error::source(&source);
        while let Some(next) = cause {
            text = format!("{text}: {next}");
            cause = next.source();
        }
        Self::Wrong(text)
    }

    /// For `map_err` on format writers.
    pub(crate) fn format<E: std::error::Error + Send + Sync + 'static>(
        what: &'static str,
    ) -> impl FnOnce(E) -> Self {
        move |source| Self::Format {
            what,
            source: Box::new(source),
        }
    }
}
