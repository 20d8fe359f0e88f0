//! The first program of the guest: plays what its arguments ask for, and switches off.

use rustix::system::{RebootCommand, reboot};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    match sweep::guest::run(&arguments) {
        Ok(()) => println!("{}", sweep::guest::DONE),
        Err(error) => println!("guest: failed: {error:#}"),
    }
    rustix::fs::sync();
    match reboot(RebootCommand::PowerOff) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("guest: cannot switch off: {error}");
            ExitCode::FAILURE
        }
    }
}
