//! `/init` of the initramfs and `/sbin/init` of the root: the same program, told apart by the name it is called by.

#![forbid(unsafe_code)]

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args();
    let name = arguments.next().unwrap_or_default();
    match (name.rsplit('/').next(), std::process::id()) {
        (Some("modprobe"), _) => {
            let good = init::initramfs::modprobe(Path::new("/"), arguments);
            if good {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        (_, 1) if name == "/init" => {
            let (failure, log) = init::initramfs::run(Path::new("/"));
            init::last_words::give_up(&log, &failure.problem())
        }
        (_, 1) => init::system::run(),
        _ => {
            eprintln!(
                "init is the first process of a Holdfast machine; to talk to it, use `holdfast`."
            );
            ExitCode::FAILURE
        }
    }
}
