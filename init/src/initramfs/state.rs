//! The state partition: formatted once, checked at every boot, grown, mounted.
//!
//! # Guarantees
//! Formatting happens only while the partition's GPT name is `state-new`. The name becomes `state` after the new file
//! system is on disk and before it is first mounted, so an interrupted first boot is completed by the next one, and
//! nothing that was ever mounted is formatted again. Neither formatting nor checking is ever broken off: a disk that takes
//! hours would take them at every boot.

use super::partition_table;
use crate::disk::Disk;
use crate::program::{Program, ProgramError};
use crate::report::Log;
use crate::watchdog::Guard;
use disk::gpt::Table;
use init_api::{Problem, StateOutcome};
use rustix::mount::{MountFlags, mount};
use std::error::Error as _;
use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Metadata is written every 30 s; whoever calls fsync does not wait for that.
const OPTIONS: &CStr = c"errors=remount-ro,commit=30";

/// The state partition cannot be used.
#[derive(Debug, Error)]
pub(super) enum StateError {
    #[error("the kernel knows no state partition on {0}")]
    Partition(PathBuf),
    #[error(transparent)]
    Program(#[from] ProgramError),
    #[error("cannot flush {node}")]
    Flush { node: PathBuf, source: io::Error },
    #[error(transparent)]
    Table(Box<super::Failure>),
    #[error("cannot mount {node}")]
    Mount { node: PathBuf, source: io::Error },
}

/// Where things are.
#[derive(Debug)]
pub(super) struct Places<'a> {
    /// The mounted root, with `/dev` and `/proc`.
    pub(super) root: &'a Path,
    /// Where the state partition goes.
    pub(super) target: &'a Path,
    /// Where the output of the programs goes.
    pub(super) logs: &'a Path,
    /// Where people are told that it still goes on.
    pub(super) log: &'a Log,
}

/// Formats if it never was, checks, mounts and grows.
pub(super) fn prepare(
    disk: &Disk,
    node: Option<&Path>,
    layout: &Table,
    places: &Places<'_>,
    guard: &mut Guard,
) -> Result<StateOutcome, StateError> {
    let node = node.ok_or_else(|| StateError::Partition(disk.node.clone()))?;
    let outcome = if layout.state().is_some_and(|state| state.is_new) {
        format(node, places, guard)?;
        partition_table::note_format_done(disk, layout)
            .map_err(|failure| StateError::Table(Box::new(failure)))?;
        StateOutcome::Created
    } else {
        check(node, places, guard)?
    };
    mount(
        node,
        places.target,
        "ext4",
        MountFlags::NOATIME | MountFlags::NODEV | MountFlags::NOSUID,
        OPTIONS,
    )
    .map_err(|source| StateError::Mount {
        node: node.into(),
        source: source.into(),
    })?;
    Ok(outcome)
}

fn format(node: &Path, places: &Places<'_>, guard: &mut Guard) -> Result<(), StateError> {
    let device = node.to_string_lossy();
    let arguments = [
        "-q",
        "-F",
        "-L",
        "holdfast-state",
        "-m",
        "1",
        "-E",
        "lazy_itable_init=1",
        &device,
    ];
    let program = Program {
        root: places.root,
        path: "/usr/sbin/mkfs.ext4",
        arguments: &arguments,
        good: &[0],
    };
    program.run(&places.logs.join("mkfs.log"), guard, |minutes| {
        places
            .log
            .line(&format!("still formatting state, {minutes} min"));
    })?;
    let flush = File::open(node).and_then(|file| file.sync_all());
    flush.map_err(|source| StateError::Flush {
        node: node.into(),
        source,
    })
}

fn check(node: &Path, places: &Places<'_>, guard: &mut Guard) -> Result<StateOutcome, StateError> {
    let device = node.to_string_lossy();
    let program = Program {
        root: places.root,
        path: "/usr/sbin/e2fsck",
        arguments: &["-p", &device],
        // 1: corrected; 2: corrected, and a mounted file system would need a reboot, which this one is not.
        good: &[0, 1, 2, 3],
    };
    let still = |minutes| {
        places
            .log
            .line(&format!("still checking state, {minutes} min"));
    };
    match program.run(&places.logs.join("e2fsck.log"), guard, still)? {
        0 => Ok(StateOutcome::Clean),
        _ => Ok(StateOutcome::Repaired),
    }
}

/// Grows the mounted file system to its partition; gives the new size in bytes if it grew.
///
/// # Errors
/// The device cannot be read, or the kernel does not grow it; the file system is as before then.
pub(super) fn grow(node: &Path, mounted: &Path) -> io::Result<Option<u64>> {
    let device = File::open(node)?;
    let mut superblock = [0; 1024];
    device.read_exact_at(&mut superblock, 1024)?;
    match wanted_blocks(&superblock, sys::block::size(&device)?) {
        Some((blocks, block)) => {
            sys::grow_ext4(File::open(mounted)?, blocks).map(|()| Some(blocks * block))
        }
        None => Ok(None),
    }
}

/// The number of blocks that fit the device and their size, if that is at least 1 MiB more than there are.
pub fn wanted_blocks(superblock: &[u8; 1024], device: u64) -> Option<(u64, u64)> {
    let word = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| superblock[at + i]));
    if superblock[56..58] != [0x53, 0xef] || word(24) > 6 {
        return None;
    }
    let block = 1024_u64 << word(24);
    let wide = word(96) & 0x80 != 0;
    let now = u64::from(word(4)) | if wide { u64::from(word(336)) << 32 } else { 0 };
    let fits = device / block;
    (fits.saturating_sub(now).saturating_mul(block) >= 1024 * 1024).then_some((fits, block))
}

/// Memory in place of the state partition, so that the machine can at least be reached.
pub(super) fn stand_in(target: &Path) -> io::Result<()> {
    mount(
        "tmpfs",
        target,
        "tmpfs",
        MountFlags::NOSUID | MountFlags::NODEV,
        c"mode=0755,size=25%",
    )?;
    Ok(())
}

/// For maintenance mode.
pub(super) fn problem(error: &StateError, node: Option<&Path>) -> Problem {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!("\n  because: {cause}"));
        source = cause.source();
    }
    let node = node.map_or_else(
        || "the state partition".into(),
        |node| node.display().to_string(),
    );
    Problem::new(
        "The state partition cannot be used",
        text,
        format!(
            "Nothing on it was changed. Save what you need, then repair it over ssh with `e2fsck -y {node}` and reboot; \
             `e2fsck -n {node}` shows what it would do. If the disk is broken, flash a new one."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::wanted_blocks;
    use std::process::Command;

    #[test]
    fn growth_is_read_from_a_real_superblock() {
        let folder = tempfile::tempdir().expect("folder");
        let image = folder.path().join("fs");
        let made = Command::new("mkfs.ext4")
            .args(["-q", "-b", "4096"])
            .arg(&image)
            .arg("64M")
            .status();
        assert!(made.expect("mkfs.ext4 runs").success());
        let bytes = std::fs::read(&image).expect("read");
        let superblock = bytes[1024..2048].try_into().expect("1024 bytes");
        let mib = 1024 * 1024;
        for (case, device, expected) in [
            ("same", 64 * mib, None),
            ("a little more", 64 * mib + 8192, None),
            ("twice", 128 * mib, Some((32768, 4096))),
            ("smaller", 32 * mib, None),
        ] {
            assert_eq!(wanted_blocks(&superblock, device), expected, "{case}");
        }
        assert_eq!(wanted_blocks(&[0; 1024], u64::MAX), None);
    }
}
