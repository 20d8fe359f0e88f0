//! User-mode Linux: a kernel as an ordinary process, with this machine's files as its root, read-only.

use crate::guest::DONE;
use crate::machine::Machine;
use anyhow::{Context, ensure};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};

/// The disk, and what is recorded of it.
pub const DISK: &str = "disk.img";
/// The record of writes.
pub const LOG: &str = "writes.log";
const CONSOLE: &str = "console.log";
/// Debian's and Ubuntu's package `user-mode-linux`.
const KERNEL: &str = "linux.uml";

/// Whether this machine has it.
pub fn is_there() -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(KERNEL).is_file())
}

/// Where the guest's memory fits.
fn memory(folder: &Path) -> &Path {
    let shared = Path::new("/dev/shm");
    let is_enough = |about: rustix::fs::StatVfs| about.f_bavail * about.f_frsize > 512 << 20;
    match rustix::fs::statvfs(shared).map(is_enough) {
        Ok(true) => shared,
        _ => folder,
    }
}

/// Runs `guest` with the word `what` in `folder`, on such a machine, and waits for its end.
///
/// # Errors
/// It did not come to a good end; its last lines are in the message.
pub fn run(guest: &Path, what: &str, folder: &Path, machine: Machine) -> anyhow::Result<()> {
    let console = folder.join(format!("{what}.{CONSOLE}"));
    let out = File::create(&console)?;
    let file = |name: &str| folder.join(name).display().to_string();
    let status = Command::new(KERNEL)
        .args([
            "mem=384M",
            "rootfstype=hostfs",
            "rootflags=/",
            "ro",
            "quiet",
        ])
        .args(["con=null", "con0=null,fd:1", "ssl=null"])
        .arg(format!("uml_dir={}", file("uml")))
        .arg(format!("ubd0={}", file(DISK)))
        .arg(format!("ubd1={}", file(LOG)))
        .arg(format!("init={}", guest.display()))
        .args(["--", what])
        .arg(folder)
        .arg(machine.word())
        // Its memory is a file, best in memory itself; a container's is often too small.
        .env("TMPDIR", memory(folder))
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(out)
        .status()
        .context("cannot run linux.uml: install user-mode-linux (tools/setup does)")?;
    let said = String::from_utf8_lossy(&fs::read(&console)?).into_owned();
    let last: Vec<&str> = said.lines().rev().take(20).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    ensure!(
        said.contains(DONE),
        "the guest did not come to a good end ({status}); {} ends with:\n{}",
        console.display(),
        last.join("\n")
    );
    Ok(())
}
