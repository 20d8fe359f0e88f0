//! The disk of the guest: partitions over a disk whose writes are recorded, made by the kernel's device mapper.

use crate::layout::{DISK, PARTS, Part};
use crate::log::SECTOR;
use anyhow::{Context, ensure};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// In the order in which they need each other.
const MODULES: [&str; 6] = [
    "drivers/md/dm-mod",
    "drivers/md/dm-log-writes",
    "fs/fat/fat",
    "fs/fat/vfat",
    "fs/nls/nls_cp437",
    "fs/nls/nls_iso8859-1",
];
const LOGGED: &str = "logged";

/// Loads what user-mode Linux has as modules.
///
/// # Errors
/// One is missing.
pub(super) fn load_modules() -> anyhow::Result<()> {
    let release = rustix::system::uname();
    let release = release.release().to_string_lossy().into_owned();
    for module in MODULES {
        let path = format!("/usr/lib/uml/modules/{release}/kernel/{module}.ko");
        run(Command::new("insmod").arg(path), "")?;
    }
    Ok(())
}

/// Makes the partitions; with `recorded`, every write to them is recorded on the second disk.
///
/// # Errors
/// The device mapper refuses.
pub(super) fn make(recorded: bool) -> anyhow::Result<()> {
    let sectors = DISK / SECTOR as u64;
    let mut below = "/dev/ubda".to_owned();
    if recorded {
        map(LOGGED, &format!("0 {sectors} log-writes {below} /dev/ubdb"))?;
        below = format!("/dev/mapper/{LOGGED}");
    }
    for part in PARTS {
        let Part { start, sectors, .. } = part;
        map(part.name, &format!("0 {sectors} linear {below} {start}"))?;
    }
    Ok(())
}

/// Closes the record.
///
/// # Errors
/// Something is in use.
pub(super) fn close() -> anyhow::Result<()> {
    for part in PARTS {
        run(dmsetup().args(["remove", part.name]), "")?;
    }
    run(dmsetup().args(["remove", LOGGED]), "")
}

/// Puts a note into the record, if there is one.
///
/// # Errors
/// The device mapper refuses.
pub(super) fn mark(text: &str) -> anyhow::Result<()> {
    if !Path::new("/dev/mapper").join(LOGGED).exists() {
        return Ok(());
    }
    println!("mark: {text}");
    // It takes one word.
    let word = text.replace(' ', "_");
    run(dmsetup().args(["message", LOGGED, "0", "mark", &word]), "")
}

/// The device of a partition.
pub(super) fn device(part: Part) -> PathBuf {
    PathBuf::from("/dev/mapper").join(part.name)
}

fn map(name: &str, table: &str) -> anyhow::Result<()> {
    run(dmsetup().args(["create", name]), table)
}

fn dmsetup() -> Command {
    let mut dmsetup = Command::new("dmsetup");
    // There is no udev to make its nodes.
    dmsetup.env("DM_DISABLE_UDEV", "1");
    dmsetup
}

fn run(command: &mut Command, input: &str) -> anyhow::Result<()> {
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    let spawned = command.spawn();
    let mut child = spawned.with_context(|| format!("cannot run {command:?}"))?;
    let mut stdin = child.stdin.take().context("no input")?;
    stdin.write_all(input.as_bytes())?;
    drop(stdin);
    let status = child.wait()?;
    ensure!(status.success(), "{command:?} failed: {status}");
    Ok(())
}
