//! `/init` of the initramfs and `/sbin/init` of the root: the same program, told apart by the name it is called by.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    init::start(std::env::args())
}
