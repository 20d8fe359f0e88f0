//! The kernel's own requests for modules: in the initramfs, `/sbin/modprobe` is this program.

use crate::modules::Loader;
use std::path::Path;

/// Where the modules of the running kernel lie below `root`.
pub(super) fn folder(root: &Path) -> std::path::PathBuf {
    let release = rustix::system::uname()
        .release()
        .to_string_lossy()
        .into_owned();
    root.join("lib/modules").join(release)
}

/// Loads what the kernel asks for, called as `modprobe -q -- ALIAS`. Tells whether all went well.
pub fn modprobe(root: &Path, arguments: impl Iterator<Item = String>) -> bool {
    let Ok(mut loader) = Loader::open(&folder(root)) else {
        return false;
    };
    let failures: usize = arguments
        .filter(|a| !a.starts_with('-'))
        .map(|alias| loader.load(&alias).len())
        .sum();
    failures == 0
}
