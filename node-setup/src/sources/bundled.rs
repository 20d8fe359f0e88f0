//! USB sticks that hold a bundle: found, mounted for reading, and let go.

use super::stick::{BUNDLE, labelled};
use super::volume::Volume;
use super::{block, mount};
use std::fs;
use std::io;
use std::path::Path;

/// A stick with our label, whatever is on it.
#[derive(Debug)]
pub(crate) struct Bundled {
    /// Its device.
    pub(crate) device: String,
    /// Its file system.
    pub(crate) volume: Volume,
}

/// All sticks with our label.
pub(crate) fn bundle_sticks() -> Vec<Bundled> {
    let blocks = block::list(Path::new("/sys")).unwrap_or_default();
    let pluggable = blocks
        .iter()
        .filter(|block| block.pluggable && block.size > 0);
    let ours = pluggable.filter_map(|block| {
        let (device, volume) = labelled(block)?;
        let device = device.display().to_string();
        Some(Bundled { device, volume })
    });
    ours.collect()
}

/// Mounts a stick that has a bundle; tells whether it has.
///
/// # Errors
/// The kernel's.
pub(crate) fn mount_bundle(device: &str, at: &Path, volume: &Volume) -> io::Result<bool> {
    fs::create_dir_all(at)?;
    mount::foreign(Path::new(device), at, volume)?;
    let has = at.join(BUNDLE).is_dir();
    if !has {
        mount::detach(at)?;
    }
    Ok(has)
}

/// Lets go what is mounted there, also when the stick is out already.
pub(crate) fn unmount_bundle(at: &Path) {
    // Nothing is mounted, mostly.
    let _ = mount::detach(at);
}
