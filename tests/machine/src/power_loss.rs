//! A machine whose power goes, with what was in its disk's write cache.

use std::fs::{self, File};

use crate::spec::names;
use crate::write_log::replay;
use crate::{Cache, Disk, Error, Loss, Result, Running, Vm};

/// The disk as it was when the machine was started.
const BEFORE: &str = "before.qcow2";
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
        let (before, after) = (vm.dir().join(BEFORE), vm.dir().join(AFTER));
        let (making, disk) = (vm.dir().join(MAKING), vm.dir().join(names::DISK));
        Disk::at(&before).flatten(&making)?;
        let Some(loss) = replay(&vm.dir().join(names::WRITES), &making, draw)? else {
            return Ok((vm, None));
        };
        fs::rename(&making, &after).map_err(Error::file("make", &after))?;
        for file in [&before, &disk] {
            fs::remove_file(file).map_err(Error::file("remove", file))?;
        }
        Disk::create(&disk, &after, "raw", None)?;
        Ok((vm, Some(loss)))
    }
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
