//! The state partition: formatted once, checked at every boot, grown, mounted.
//!
//! # Guarantees
//! Formatting happens only while the partition's GPT name is `state-new`. The name becomes `state` after the new file
//! system is on disk and before it is first mounted, so an interrupted first boot is completed by the next one, and
//! nothing that was ever mounted is formatted again, but for [`WhenDamaged::Renew`] and for a reset, which gives the partition its first
//! name again. Neither formatting nor checking is ever
//! broken off: a disk that takes hours would take them at every boot.
//!
//! Damage that cannot be repaired without a risk is met as the partition table says ([`repair`] has the steps). That a step that
//! risks data was begun is noted in the table before, and taken back when its record is on state: after a power cut it is begun
//! again, and what was done is always told.

mod check;
mod encrypted;
mod error;
mod image_store;
mod record;
mod repair;
mod reset;
mod undo;
mod usable;

use super::partition_table;
use crate::disk::Disk;
use crate::report::Log;
use crate::watchdog::Guard;
use check::Check;
use disk::gpt::Table;
use disk::layout::{Reset, WhenDamaged};
use error::StateError;
use init_api::{Problem, StateOutcome};
use rustix::mount::{MountFlags, mount};
use std::error::Error as _;
use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use undo::Undo;
use usable::make_usable;

/// Metadata is written every 30 s; whoever calls fsync does not wait for that. The file system's reserve belongs to a user that
/// nobody is, so that only who has `CAP_SYS_RESOURCE` gets it: the system, and not a pod that runs as root.
const OPTIONS: &CStr = c"errors=remount-ro,commit=30,resuid=4294967294";

/// Where things are.
#[derive(Debug)]
pub(super) struct Places<'a> {
    /// The initramfs.
    pub(super) initramfs: &'a Path,
    /// The mounted root, with `/dev` and `/proc`.
    pub(super) root: &'a Path,
    /// Where the state partition goes.
    pub(super) target: &'a Path,
    /// The CONFIG partition's device, if there is one.
    pub(super) config: Option<&'a Path>,
    /// Where the output of the programs goes.
    pub(super) logs: &'a Path,
    /// Where people are told that it still goes on.
    pub(super) log: &'a Log,
}

/// The state partition as it is used.
#[derive(Debug)]
pub(super) struct Used {
    /// How it came to that.
    pub(super) outcome: StateOutcome,
    /// What its file system is on: the partition, or the device at which the kernel decrypts it.
    pub(super) device: PathBuf,
}

/// Formats if it never was, opens what is encrypted, checks, repairs as chosen, and mounts. After it the TPM gives the key to nobody.
pub(super) fn prepare(
    disk: &Disk,
    node: Option<&Path>,
    layout: &Table,
    places: &Places<'_>,
    guard: &mut Guard,
) -> Result<Used, StateError> {
    let node = node.ok_or_else(|| StateError::Partition(disk.node.clone()))?;
    encrypted::hand_over(places.initramfs, places.root)?;
    let used = use_partition(disk, node, layout, places, guard);
    encrypted::close(places.initramfs, places.root, places.log);
    used
}

/// The device of an encrypted partition that was opened.
pub(super) fn opened(root: &Path) -> Option<PathBuf> {
    encrypted::opened(root)
}

fn use_partition(
    disk: &Disk,
    node: &Path,
    layout: &Table,
    places: &Places<'_>,
    guard: &mut Guard,
) -> Result<Used, StateError> {
    let check = Check {
        node,
        root: places.root,
        logs: places.logs,
        log: places.log,
    };
    if layout.state().is_some_and(|state| state.is_new) {
        return begin(disk, layout, &check, places, guard);
    }
    let device = match layout.is_encrypted() || encrypted::has_header(node)? {
        true => encrypted::open(&check, guard)?,
        false => node.to_owned(),
    };
    let partition = check;
    let check = Check {
        node: &device,
        ..partition
    };
    // What a repair overwrites is in clear: of an encrypted partition it goes nowhere that outlasts this boot.
    let config = places.config.filter(|_| device == node);
    let mut undo = Undo::new(places.root, config, places.log);
    let begun = |begun| partition_table::note_repair(disk, layout, begun, places.log);
    let mount = || mount_state(&device, places.target);
    let begin = || begun(true);
    let usable = make_usable(&check, layout, &mut undo, guard, mount, begin)?;
    let (outcome, why) = (usable.outcome, &usable.why);
    let (target, logs) = (places.target, places.logs);
    image_store::doubt(target, outcome, layout.repair_begun(), logs, places.log);
    record::write(target, outcome, why, &mut undo, logs, places.log);
    if usable.risked || layout.repair_begun() {
        begun(false);
    }
    if device != node && (outcome == StateOutcome::Renewed || encrypted::is_asked_for_a_key(target))
    {
        // The node runs without it, and the wish stays.
        let made = encrypted::another_recovery_key(&partition, guard)
            .and_then(|key| encrypted::keep_recovery_key(target, &key));
        if let Err(error) = made {
            let why = host::with_causes(&error);
            places.log.error(&format!("no new recovery key: {why}"));
        }
    }
    Ok(Used { outcome, device })
}

/// The partition as new.
fn begin(
    disk: &Disk,
    layout: &Table,
    check: &Check<'_>,
    places: &Places<'_>,
    guard: &mut Guard,
) -> Result<Used, StateError> {
    let mut kept = None;
    if let Some(reset) = layout.reset() {
        let prepared = reset::prepare(reset, check, places.config, guard)?;
        if reset == Reset::WipeSecrets {
            // It takes hours, and what follows may fail for a reason that stays.
            partition_table::note_wiped(disk, layout, prepared.left())
                .map_err(|failure| StateError::Table(Box::new(failure)))?;
        }
        kept = prepared.kept;
    }
    // A reset ends what was there before, whatever becomes of what follows.
    if encrypted::has_header(check.node)? {
        encrypted::erase(check.node)?;
    }
    if let Some(kept) = kept {
        // Asked for still: a machine that begins anew with what was to go would look as if it had gone.
        return Err(kept);
    }
    let encrypt = layout.encryption_wanted();
    let done = || {
        partition_table::note_format_done(disk, layout, encrypt)
            .map_err(|failure| StateError::Table(Box::new(failure)))
    };
    let device = if encrypt {
        let (device, recovery_key) = encrypted::make(check, guard)?;
        let opened = Check {
            node: &device,
            ..*check
        };
        opened.format(guard)?;
        mount_state(&device, places.target)?;
        // Before anything else is on it, and before it counts as made: a cut makes another one, with another key.
        encrypted::keep_recovery_key(places.target, &recovery_key)?;
        done()?;
        device
    } else {
        check.format(guard)?;
        done()?;
        mount_state(check.node, places.target)?;
        check.node.to_owned()
    };
    let outcome = StateOutcome::Created;
    Ok(Used { outcome, device })
}

/// Times of files alone (`LAZYTIME`) are written with whatever else changes, at the latest after a day: the datastore's log would
/// cost a write of the journal every 30 s.
fn mount_state(node: &Path, target: &Path) -> Result<(), StateError> {
    mount(
        node,
        target,
        "ext4",
        MountFlags::NOATIME | MountFlags::LAZYTIME | MountFlags::NODEV | MountFlags::NOSUID,
        OPTIONS,
    )
    .map_err(|source| StateError::Mount {
        node: node.into(),
        source: source.into(),
    })
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
pub(super) fn problem(error: &StateError, node: Option<&Path>, choice: WhenDamaged) -> Problem {
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
    if let Some(cure) = error.cure() {
        return Problem::new(error.title(), text, cure);
    }
    let cure = match choice {
        WhenDamaged::Stop => format!(
            "Only what can be corrected without a risk was, as `state.when_damaged` is `stop`. Save what you need, then repair it over ssh with \
             `e2fsck -y {node}` and reboot; `e2fsck -n {node}` shows what it would do. If the disk is broken, flash a new one."
        ),
        WhenDamaged::Repair => "It was tried to repair it, in vain; the next boot tries again. Save what you need, and flash a \
             new disk: this one is probably broken."
            .to_owned(),
        WhenDamaged::Renew => "It was tried to make it new, in vain; the next boot tries again. Replace the disk: this one is \
             probably broken."
            .to_owned(),
    };
    Problem::new(error.title(), text, cure)
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
