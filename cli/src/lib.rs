//! The `holdfast` command line.
//!
//! One binary for the node (feature `node`) and for the build host (feature `workstation`). Each command is a module with
//! `Args` and `run`; nothing here decides, it only dispatches.

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Holdfast: an immutable operating system for Kubernetes at the edge.
#[derive(Debug, Parser)]
#[command(name = "holdfast", version, max_term_width = 100)]
pub struct Holdfast {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
}

/// Runs one command.
///
/// # Errors
/// Whatever stopped the command; the chain of causes is meant to be printed by [`report`].
pub fn run(holdfast: Holdfast) -> anyhow::Result<ExitCode> {
    match holdfast.command {}
}

/// Prints an error, one cause a line, and returns the exit code for it (1).
pub fn report(error: &anyhow::Error) -> ExitCode {
    eprintln!("holdfast: {error}");
    for cause in error.chain().skip(1) {
        eprintln!("  because: {cause}");
    }
    ExitCode::FAILURE
}
