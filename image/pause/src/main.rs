//! The first process of a pod: holds its namespaces, reaps orphans, ends when told to.

#![forbid(unsafe_code)]
// They end the program when nobody reads any more.
#![deny(clippy::print_stdout, clippy::print_stderr)]

use rustix::process::{WaitOptions, wait};
use signal_hook::consts::{SIGCHLD, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io::{Write, stderr};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut signals = match Signals::new([SIGCHLD, SIGINT, SIGTERM]) {
        Ok(signals) => signals,
        Err(error) => {
            // Where nobody reads it, the exit code says it alone.
            let _ = writeln!(stderr(), "pause: cannot wait for signals: {error}");
            return ExitCode::FAILURE;
        }
    };
    for signal in signals.forever() {
        match signal {
            // One signal may stand for several children.
            SIGCHLD => while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {},
            _ => return ExitCode::SUCCESS,
        }
    }
    ExitCode::SUCCESS
}
