//! The `holdfast` command: parse, run, print the chain of causes once, exit.

#![forbid(unsafe_code)]

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let command = holdfast::Holdfast::parse();
    match holdfast::run(command) {
        Ok(code) => code,
        Err(error) => holdfast::report(&error),
    }
}
