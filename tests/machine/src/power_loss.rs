//! A machine whose power goes, with what was in its disk's write cache.

use std::fs::{self, File};
use std::path::Path;

use crate::spec::names;
use crate::write_log::replay;
use crate::{Cache, Disk, Error, Loss, Result, Running, Vm};

/// The disk as it was when the machine was started.
pub(crate) const BEFORE: &str = "before.qcow2";
/// The disk as the loss of power left it.
const AFTER: &str = "after-loss.img";
/// While it is made.
const MAKING: &str = "after-loss.new";

impl Running {
    /// Pulls the plug, and takes from the disk what was not flushed; `draw` returns a number below its argument and
    /// decides what happens to each such write. The machine must have been made with [`Cache::Recorded`]. `None` when its
    /// record cannot tell what was flushed, which the moment of the end decides: then nothing is taken back.
    ///
    /// # Errors
    /// When QEMU cannot be killed, or the disk not be made.
    pub fn power_loss(self, draw: &mut dyn FnMut(u64) -> u64) -> Result<(Vm, Option<Loss>)> {
        let vm = self.power_cut()?;
        let making = vm.dir().join(MAKING);
        Disk::at(&vm.dir().join(BEFORE)).flatten(&making)?;
        let Some(loss) = replay(&vm.dir().join(names::WRITES), &making, draw)? else {
            return Ok((vm, None));
        };
        put_in(&vm, &making)?;
        Ok((vm, Some(loss)))
    }

    /// How long the record of writes of a machine with [`Cache::Recorded`] is by now, in bytes. What was flushed before this was
    /// called is in it.
    ///
    /// # Errors
    /// When it has none.
    pub fn recorded(&self) -> Result<u64> {
        let log = self.vm().dir().join(names::WRITES);
        let data = fs::metadata(&log).map_err(Error::file("read", &log))?;
        Ok(data.len())
    }
}

/// Puts the raw disk `made` into the machine, which is off, in place of its own.
pub(crate) fn put_in(vm: &Vm, made: &Path) -> Result<()> {
    let (after, disk) = (vm.dir().join(AFTER), vm.dir().join(names::DISK));
    fs::rename(made, &after).map_err(Error::file("make", &after))?;
    for file in [&vm.dir().join(BEFORE), &disk] {
        fs::remove_file(file).map_err(Error::file("remove", file))?;
    }
    Disk::create(&disk, &after, "raw", None)?;
    Ok(())
}

impl Vm {
    /// What [`Running::power_loss`] needs of a machine that is about to start.
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
