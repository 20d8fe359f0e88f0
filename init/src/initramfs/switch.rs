//! Going over to the root: the last thing the stage does.

use super::Failure;
use super::root::SHARED;
use crate::watchdog::Guard;
use rustix::mount::{UnmountFlags, mount_move, unmount};
use std::convert::Infallible;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Frees the initramfs, makes `target` the root and becomes its `/sbin/init`.
#[expect(clippy::disallowed_methods, reason = "this process becomes it")]
pub(super) fn switch(root: &Path, target: &Path, guard: Guard) -> Result<Infallible, Failure> {
    let failure = |what: &str| {
        let what = what.to_owned();
        move |source: io::Error| Failure::Switch { what, source }
    };
    for name in SHARED {
        let folder = root.join(name);
        unmount(&folder, UnmountFlags::DETACH)
            .map_err(|e| failure("unmounting the initramfs's own folders")(e.into()))?;
    }
    let device = fs::metadata(root)
        .map_err(failure("looking at the initramfs"))?
        .dev();
    delete_below(root, device);
    std::env::set_current_dir(target).map_err(failure("entering the root"))?;
    mount_move(".", "/").map_err(|e| failure("moving the root into place")(e.into()))?;
    rustix::process::chroot(".").map_err(|e| failure("chroot")(e.into()))?;
    std::env::set_current_dir("/").map_err(failure("entering the new root"))?;
    let watchdog = guard
        .hand_on()
        .map_err(failure("handing on the watchdog"))?;
    let error = Command::new("/sbin/init").env_clear().envs(watchdog).exec();
    Err(failure("running /sbin/init")(error))
}

/// Deletes everything on the file system `device` below `folder`: the initramfs's memory is wanted back. What cannot be
/// deleted stays.
fn delete_below(folder: &Path, device: u64) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match fs::symlink_metadata(&path) {
            Ok(about) if about.dev() != device => {}
            Ok(about) if about.is_dir() => {
                delete_below(&path, device);
                let _ = fs::remove_dir(&path);
            }
            _ => {
                let _ = fs::remove_file(&path);
            }
        }
    }
}
