//! U-Boot of the guest: what `boot.scr` would do on this boot partition, carried out by the kernel.

use super::devices::mark;
use super::program::head;
use crate::boot_script::{FIRST, Records, SPARE, run};
use crate::layout::ENTRIES;
use crate::marks::{LOADER, SYSTEM};
use crate::releases::{Says, says};
use anyhow::Context;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// Starts a program, with its try counted; gives what it says. None if there is nothing to start.
///
/// # Errors
/// The boot partition cannot be used.
pub(super) fn start(partition: &Path, sys: &Path) -> anyhow::Result<Option<Says>> {
    // It gives tries back once before it gives up.
    for _ in 0..2 {
        if let Some((file, left)) = round(partition)? {
            tell(sys, &file, left.as_deref())?;
            return head(&program(partition, &file)).map(|head| says(&head));
        }
    }
    Ok(None)
}

/// Forgets what was told to a boot before.
///
/// # Errors
/// It cannot be removed.
pub(super) fn forget(sys: &Path) -> anyhow::Result<()> {
    for name in ["entry", "left"] {
        host::file::remove(&chosen(sys).join(format!("holdfast,{name}")))?;
    }
    Ok(())
}

/// One run of the script.
fn round(partition: &Path) -> anyhow::Result<Option<(String, Option<String>)>> {
    let read = |name: &str| fs::read(partition.join(name)).ok();
    let records = Records {
        first: read(FIRST),
        spare: read(SPARE),
    };
    let starts =
        |file: &str| head(&program(partition, file)).is_ok_and(|head| says(&head).is_some());
    let ran = run(&records, true, starts);
    let Some(written) = &ran.written else {
        return Ok(ran.started);
    };
    mark(LOADER)?;
    let is_written = overwrite(partition, written).is_ok();
    mark(SYSTEM)?;
    Ok(match is_written {
        true => ran.started,
        false => run(&records, false, starts).started,
    })
}

/// In place; U-Boot tells no disk to flush, so nothing here does.
fn overwrite(partition: &Path, record: &[u8]) -> io::Result<()> {
    let path = partition.join(FIRST);
    File::options()
        .write(true)
        .open(path)?
        .write_all_at(record, 0)?;
    Ok(rustix::fs::syncfs(File::open(partition)?)?)
}

/// What the script puts into the device tree.
fn tell(sys: &Path, file: &str, left: Option<&str>) -> anyhow::Result<()> {
    forget(sys)?;
    let folder = chosen(sys);
    fs::create_dir_all(&folder).context("cannot make the device tree")?;
    let told = [("entry", Some(file)), ("left", left)];
    for (name, text) in told {
        if let Some(text) = text {
            fs::write(folder.join(format!("holdfast,{name}")), format!("{text}\0"))?;
        }
    }
    Ok(())
}

fn chosen(sys: &Path) -> PathBuf {
    sys.join("firmware/devicetree/base/chosen")
}

fn program(partition: &Path, file: &str) -> PathBuf {
    partition.join(ENTRIES.join("/")).join(file)
}
