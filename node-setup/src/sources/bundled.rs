//! USB sticks that hold a bundle: found, mounted for reading, and let go.

use super::attempt::{ATTEMPTS, Attempt};
use super::stick::{BUNDLE, labelled};
use super::volume::Volume;
use super::{block, mount, volume};
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
/// The kernel's; or it was not read to its end before, in this boot.
pub(crate) fn mount_bundle(device: &str, at: &Path, volume: &Volume) -> io::Result<bool> {
    mount_noted(Path::new(ATTEMPTS), Path::new(device), at, volume)
}

/// udev has sticks looked at again each time that one comes: one that kills who looks at it must not do so every time. The notes are
/// those of sticks with a configuration, too: it is the same file system.
fn mount_noted(notes: &Path, device: &Path, at: &Path, volume: &Volume) -> io::Result<bool> {
    let known_by = volume::fingerprint(device)?;
    let Some(attempt) = Attempt::begin(notes, &known_by)? else {
        return Err(io::Error::other(
            "it was not read to its end before, and is not tried again until the next boot",
        ));
    };
    let found = mount_if_bundle(device, at, volume);
    attempt.end()?;
    found
}

fn mount_if_bundle(device: &Path, at: &Path, volume: &Volume) -> io::Result<bool> {
    fs::create_dir_all(at)?;
    mount::foreign(device, at, volume)?;
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

#[cfg(test)]
mod tests {
    use super::mount_noted;
    use crate::sources::attempt::Attempt;
    use crate::sources::volume::{Kind, Volume, fingerprint};
    use std::fs;

    #[test]
    fn a_stick_that_killed_its_reader_is_not_mounted_again() {
        let folder = tempfile::tempdir().expect("folder");
        let [notes, device, at] = ["notes", "sda", "at"].map(|name| folder.path().join(name));
        // Nothing that any kernel mounts.
        fs::write(&device, [7; 4096]).expect("written");
        let volume = Volume {
            kind: Kind::Ext,
            label: "HOLDFAST".to_owned(),
            dirty: false,
        };
        let mount = || mount_noted(&notes, &device, &at, &volume).expect_err("no file system");
        for _ in 0..2 {
            let error = mount().to_string();
            assert!(!error.contains("not tried again"), "{error}");
        }
        let known_by = fingerprint(&device).expect("readable");
        // What a reader that is killed leaves.
        drop(Attempt::begin(&notes, &known_by).expect("noted"));
        let error = mount().to_string();
        assert!(error.contains("not read to its end before"), "{error}");
    }
}
