//! All that a machine wrote, from which its disk is made as a loss of power at any earlier moment would have left it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::names;
use crate::write_log::{Entry, apply_all, apply_by_chance, entries, flushed};
use crate::{Cache, Disk, Error, Loss, Qemu, Result, Spec, Vm, command};

/// The disk as it was when the machine was started.
const BEFORE: &str = "before.qcow2";
/// The disk with what was flushed before the moment that was asked for last.
const FLUSHED: &str = "flushed.img";
/// The disk as a loss of power left it.
const CUT: &str = "cut.img";

/// The record of a machine with [`Cache::Recorded`] that is off, whose key for ssh was made. A moment is the length in bytes that
/// the record had then ([`Vm::recorded`]).
#[derive(Debug)]
pub struct Recording {
    vm: Vm,
    log: File,
    entries: Vec<Entry>,
    /// So many are in [`FLUSHED`].
    applied: usize,
    flushed: PathBuf,
}

impl Recording {
    /// The record of `vm`, up to the first hole that the end of QEMU left in it.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn of(vm: Vm) -> Result<Self> {
        let path = vm.dir().join(names::WRITES);
        let log = File::open(&path).map_err(Error::file("open", &path))?;
        let entries = entries(&log, &path)?;
        let flushed = vm.dir().join(FLUSHED);
        Disk::at(&vm.dir().join(BEFORE)).flatten(&flushed)?;
        Ok(Self {
            vm,
            log,
            entries,
            applied: 0,
            flushed,
        })
    }

    /// The machine.
    #[must_use]
    pub fn vm(&self) -> &Vm {
        &self.vm
    }

    /// The moments at which a write or a flush had just been recorded, in order.
    pub fn moments(&self) -> impl Iterator<Item = u64> {
        self.entries.iter().map(|entry| entry.end)
    }

    /// The disk, a raw file, as it would be had the power gone at this moment, which must not be before one that was asked for
    /// earlier; `draw` returns a number below its argument and decides what happens to each write that was not flushed. It is
    /// overwritten by the next.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn cut(
        &mut self,
        moment: u64,
        draw: &mut dyn FnMut(u64) -> u64,
    ) -> Result<(PathBuf, Loss)> {
        let count = self.entries.partition_point(|entry| entry.end <= moment);
        let safe = flushed(&self.entries[..count]).max(self.applied);
        apply_all(&self.log, &self.entries[self.applied..safe], &self.flushed)?;
        self.applied = safe;
        let cut = self.vm.dir().join(CUT);
        copy_sparse(&self.flushed, &cut)?;
        let rest = self.entries.get(safe..count).unwrap_or_default();
        let loss = apply_by_chance(&self.log, rest, &cut, draw)?;
        Ok((cut, loss))
    }

    /// A machine in the new folder `dir` with the disk that was made last, which nobody records; what its firmware and its TPM
    /// keep, and the key for ssh, are the recorded one's. It must be gone before the next disk is made.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn machine(&self, dir: &Path, qemu: &Qemu) -> Result<Vm> {
        let spec = Spec {
            cache: Cache::Writeback,
            ..self.vm.spec().clone()
        };
        let vm = Vm::create(dir, &self.vm.dir().join(CUT), spec, qemu)?;
        for file in names::KEPT {
            let (from, to) = (self.vm.dir().join(file), dir.join(file));
            fs::copy(&from, &to).map_err(Error::file("copy", &from))?;
        }
        if vm.spec().tpm {
            vm.take_tpm_of(&self.vm)?;
        }
        Ok(vm)
    }
}

impl Vm {
    /// How long the record of writes of a machine with [`Cache::Recorded`] is by now, in bytes. What was flushed before this was
    /// called is in it.
    ///
    /// # Errors
    /// When it has none.
    pub fn recorded(&self) -> Result<u64> {
        let log = self.dir().join(names::WRITES);
        let data = fs::metadata(&log).map_err(Error::file("read", &log))?;
        Ok(data.len())
    }

    /// What a [`Recording`] needs of a machine that is about to start.
    pub(crate) fn remember_disk(&self) -> Result<()> {
        if self.spec().cache != Cache::Recorded {
            return Ok(());
        }
        let (disk, before) = (self.dir().join(names::DISK), self.dir().join(BEFORE));
        fs::copy(&disk, &before).map_err(Error::file("copy the disk to", &before))?;
        let log = self.dir().join(names::WRITES);
        File::create(&log)
            .map(drop)
            .map_err(Error::file("make", &log))
    }
}

/// Holes stay holes: most of a disk was never written.
fn copy_sparse(from: &Path, to: &Path) -> Result<()> {
    let mut copy = Command::new("cp");
    copy.args(["--sparse=always", "--reflink=auto"])
        .args([from, to]);
    command::run(&mut copy, "coreutils").map(drop)
}
