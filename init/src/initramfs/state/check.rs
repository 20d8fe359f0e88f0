//! Carries out the steps about the state partition's file system: one match, no decisions.

use super::error::StateError;
use super::repair::{Ended, Step, Superblock};
use crate::program::{Program, ProgramError};
use crate::report::Log;
use crate::watchdog::Guard;
use std::fs::File;
use std::path::Path;

/// Where `mkfs.ext4` puts the first copy of the superblock, with the blocks of 4096 bytes that it takes from 512 MiB on.
const BACKUP: [&str; 4] = ["-b", "32768", "-B", "4096"];
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
}
