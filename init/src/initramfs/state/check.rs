//! Carries out the steps about the state partition's file system: one match, no decisions.

use super::error::StateError;
use super::repair::{Ended, Step, Superblock};
use crate::program::{Program, ProgramError};
use crate::report::Log;
use crate::watchdog::Guard;
use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::Path;

/// Where `mkfs.ext4` puts the first copy of the superblock, with the blocks of 4096 bytes that it takes from 512 MiB on.
const BACKUP: [&str; 4] = ["-b", "32768", "-B", "4096"];
/// Bounds of what is reserved, in bytes and in thousandths of a percent.
const LEAST_RESERVE: u64 = 128 * 1024 * 1024;
const MOST_RESERVE: u64 = 1024 * 1024 * 1024;
const MOST_THOUSANDTHS: u64 = 5000;
/// `e2fsck`: nothing was done.
const NOT_OPENED: i32 = 8;

/// What the steps are done to, and with.
#[derive(Debug)]
pub(super) struct Check<'a> {
    /// The partition's device.
    pub(super) node: &'a Path,
    /// The root whose programs are run.
    pub(super) root: &'a Path,
    /// Where their output goes.
    pub(super) logs: &'a Path,
    /// Where people are told that it still goes on.
    pub(super) log: &'a Log,
}

impl Check<'_> {
    /// Carries out one step; the undo file is written to `undo`, a path below the root. With the error, if it did not go well.
    pub(super) fn run(
        &self,
        step: Step,
        undo: Option<&str>,
        guard: &mut Guard,
    ) -> (Ended, Option<StateError>) {
        let (log, mut arguments) = match step {
            Step::Format => {
                return match self.format(guard) {
                    Ok(()) => (Ended::Clean, None),
                    Err(error) => (Ended::Failed, Some(error)),
                };
            }
            Step::Preen => ("e2fsck.log", vec!["-p"]),
            Step::Verify => ("e2fsck-verify.log", vec!["-f", "-p"]),
            Step::Repair { superblock, .. } => {
                let mut arguments = vec!["-f", "-y"];
                if superblock == Superblock::Backup {
                    arguments.extend(BACKUP);
                }
                ("e2fsck-repair.log", arguments)
            }
        };
        if let Some(undo) = undo {
            arguments.extend(["-z", undo]);
        }
        match self.e2fsck(log, &arguments, guard) {
            Ok(0) => (Ended::Clean, None),
            Ok(_) => (Ended::Corrected, None),
            Err(error) => {
                let not_opened = matches!(
                    error,
                    ProgramError::Failed {
                        code: Some(NOT_OPENED),
                        ..
                    }
                );
                let ended = if not_opened {
                    Ended::NotOpened
                } else {
                    Ended::Failed
                };
                (ended, Some(error.into()))
            }
        }
    }

    fn e2fsck(&self, log: &str, options: &[&str], guard: &mut Guard) -> Result<i32, ProgramError> {
        let device = self.node.to_string_lossy();
        let program = Program {
            root: self.root,
            path: "/usr/sbin/e2fsck",
            arguments: &[options, &[&device]].concat(),
            // 1: corrected; 2: corrected, and a mounted file system would need a reboot, which this one is not.
            good: &[0, 1, 2, 3],
        };
        program.run(&self.logs.join(log), guard, |minutes| {
            let line = format!("still checking state, {minutes} min");
            self.log.line(&line);
        })
    }

    /// Makes the file system, and flushes it.
    pub(super) fn format(&self, guard: &mut Guard) -> Result<(), StateError> {
        let device = self.node.to_string_lossy();
        let size = self.size().map_err(|source| StateError::Size {
            node: self.node.into(),
            source,
        })?;
        let reserve = reserved_percent(size);
        let arguments = [
            "-q",
            "-F",
            "-L",
            "holdfast-state",
            "-m",
            &reserve,
            "-E",
            "lazy_itable_init=1",
            &device,
        ];
        let program = Program {
            root: self.root,
            path: "/usr/sbin/mkfs.ext4",
            arguments: &arguments,
            good: &[0],
        };
        program.run(&self.logs.join("mkfs.log"), guard, |minutes| {
            let line = format!("still formatting state, {minutes} min");
            self.log.line(&line);
        })?;
        let flush = File::open(self.node).and_then(|file| file.sync_all());
        flush.map_err(|source| StateError::Flush {
            node: self.node.into(),
            source,
        })
    }

    fn size(&self) -> io::Result<u64> {
        File::open(self.node)?.seek(SeekFrom::End(0))
    }
}

/// What of a file system of `size` bytes is kept for the system, in percent as `mkfs.ext4` takes it: a hundredth, enough for the
/// datastore to go on beside a pod that fills the disk, and no more than that needs on a large one.
fn reserved_percent(size: u64) -> String {
    let reserve = (size / 100).clamp(LEAST_RESERVE, MOST_RESERVE);
    let thousandths = reserve
        .saturating_mul(100_000)
        .checked_div(size)
        .unwrap_or_default()
        .min(MOST_THOUSANDTHS);
    format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
}

#[cfg(test)]
mod tests {
    use super::reserved_percent;

    #[test]
    fn the_system_keeps_enough_and_not_too_much() {
        let gib = 1 << 30;
        for (case, size, expected) in [
            ("nothing", 0, "0.000"),
            ("the smallest", gib, "5.000"),
            ("a card of 4 GB", 27 * gib / 10, "4.629"),
            ("of 32 GB", 28 * gib, "0.999"),
            ("a disk of 1 TB", 930 * gib, "0.107"),
        ] {
            assert_eq!(reserved_percent(size), expected, "{case}");
        }
    }
}
