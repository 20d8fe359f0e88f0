//! Which of the two stages, or the helper, this process is.

use crate::{emergency, initramfs, system};
use std::path::Path;
use std::process::ExitCode;

/// Runs as what the program is called by: the initramfs stage and PID 1 never come back.
pub fn start(mut arguments: impl Iterator<Item = String>) -> ExitCode {
    let name = arguments.next().unwrap_or_default();
    match (name.rsplit('/').next(), std::process::id()) {
        (Some("modprobe"), _) => {
            if initramfs::modprobe(Path::new("/"), arguments) {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        (_, 1) if name == "/init" => {
            let (failure, log) = initramfs::run(Path::new("/"));
            emergency::reboot_because_of(&log, &failure.problem())
        }
        (_, 1) => system::run(),
        _ => {
            eprintln!(
                "init is the first process of a Holdfast machine; to talk to it, use `holdfast`."
            );
            ExitCode::FAILURE
        }
    }
}
