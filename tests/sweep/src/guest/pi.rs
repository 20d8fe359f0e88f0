//! The firmware of a Raspberry Pi of the guest: what it would start from these partitions, read by the kernel.

use super::devices::device;
use crate::autoboot::{DEVICE_TREE, FILE, asked, choose, files};
use crate::layout::{BOOT, SLOT_BOOTS};
use crate::releases::{Says, says};
use anyhow::Context;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use std::fs;
use std::path::{Path, PathBuf};

/// Where the firmware sees partitions, by their numbers.
const SEEN: &str = "/tmp/firmware";

/// Starts a slot; `flag` is whether the restart before asked for the other one. None if there is nothing to start.
///
/// # Errors
/// The device tree cannot be made.
pub(super) fn start(sys: &Path, flag: bool) -> anyhow::Result<Option<Says>> {
    let parts: Vec<_> = [(1, BOOT)].into_iter().chain(SLOT_BOOTS).collect();
    for &(number, part) in &parts {
        let folder = seen(number);
        fs::create_dir_all(&folder)?;
        // What is no file system is none to the firmware either.
        let _ = mount(device(part), &folder, "vfat", MountFlags::RDONLY, c"");
    }
    let started = first_that_starts(sys, flag);
    for (number, _) in parts {
        let _ = unmount(seen(number), UnmountFlags::empty());
    }
    started
}

/// Forgets what was told to a boot before.
///
/// # Errors
/// It cannot be removed.
pub(super) fn forget(sys: &Path) -> anyhow::Result<()> {
    for name in ["partition", "tryboot"] {
        host::file::remove(&told(sys).join(name))?;
    }
    Ok(())
}

fn first_that_starts(sys: &Path, flag: bool) -> anyhow::Result<Option<Says>> {
    let record = fs::read(seen(1).join(FILE)).ok();
    let has = |number, name: &str| seen(number).join(name).is_file();
    let chosen = choose(record.as_deref(), flag, has);
    let Some(&number) = chosen.first() else {
        return Ok(None);
    };
    let partition = seen(number);
    let files = files(&fs::read_to_string(partition.join("config.txt"))?);
    let is_whole = [files.kernel.as_str(), DEVICE_TREE]
        .iter()
        .all(|name| partition.join(name).is_file());
    // With `tryboot_a_b` the flag chooses a partition, and is told to what is started from any.
    let on_trial = flag && record.is_some_and(|record| asked(&record, true).tryboot_a_b);
    let folder = told(sys);
    fs::create_dir_all(&folder).context("cannot make the device tree")?;
    for (name, value) in [("partition", number), ("tryboot", u32::from(on_trial))] {
        fs::write(folder.join(name), value.to_be_bytes())?;
    }
    let cmdline = fs::read(partition.join(files.cmdline)).unwrap_or_default();
    Ok(says(&cmdline).filter(|_| is_whole))
}

fn told(sys: &Path) -> PathBuf {
    sys.join("firmware/devicetree/base/chosen/bootloader")
}

fn seen(number: u32) -> PathBuf {
    Path::new(SEEN).join(number.to_string())
}
