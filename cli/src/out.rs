//! Standard output, whose reader may go away (`| head -1`): that is no error, and what a command does goes on without it.

use anyhow::Context;
use std::fmt::Display;
use std::io::{ErrorKind, Write, stdout};

/// Prints `text` as it is.
pub(crate) fn print(text: impl Display) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.context("cannot write to standard output"),
    }
}

/// Prints `text` and ends the line.
pub(crate) fn line(text: impl Display) -> anyhow::Result<()> {
    print(format_args!("{text}\n"))
}
