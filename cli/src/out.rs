//! Standard output and standard error, whose readers may go away (`| head -1`, `2>&1 | head -1`): that is no error, and what a
//! command does goes on without them. The macros of the standard library end the program instead, in the middle of writing a disk.

use anyhow::Context;
use std::fmt::{Arguments, Display};
use std::io::{ErrorKind, Write, stderr, stdout};

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

/// Says how far a command is, where nothing depends on whether it is read. [`say!`] is the way to it.
pub(crate) fn say_line(text: Arguments<'_>) {
    // There is no other place to complain at, and what is under way matters more.
    let _ = line(text);
}

/// Tells a person on standard error, as it is. [`tell!`] ends the line.
pub(crate) fn tell_text(text: impl Display) {
    // In one piece, so that the reader has all of it or nothing; whoever does not read it does not stop what is under way.
    let _ = stderr().lock().write_all(text.to_string().as_bytes());
}

/// A line on standard output of what is under way, written like `println!`.
macro_rules! say {
    ($($text:tt)*) => { $crate::out::say_line(format_args!($($text)*)) };
}

/// A line on standard error, written like `eprintln!`.
macro_rules! tell {
    ($($text:tt)*) => { $crate::out::tell_text(format_args!("{}\n", format_args!($($text)*))) };
}

pub(crate) use {say, tell};
