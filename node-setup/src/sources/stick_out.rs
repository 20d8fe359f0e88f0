//! A plugged-in medium that something is written to, because a person asked for it.

use super::block::{self, Block};
use super::bundled::{mount_bundle, unmount_bundle};
use super::stick::LABEL;
use super::{mount, volume};
use init_api::paths;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Apart from where sticks are read: a configuration may be read meanwhile.
const MOUNT: &str = "/run/holdfast/stick-out";

/// Nothing can be written to a stick.
#[derive(Debug, thiserror::Error)]
pub enum StickOutError {
    /// None is there.
    #[error(
        "there is no USB stick with a FAT, exFAT or ext4 file system; plug one in (NTFS cannot be used: format it as exFAT)"
    )]
    None,
    /// It is not clear which one is meant.
    #[error(
        "several USB sticks are there ({0}), and it is not clear which one is meant: pull all but one out, or give one the label HOLDFAST"
    )]
    Several(String),
    /// The kernel's list of disks.
    #[error("cannot list the disks")]
    List(#[source] io::Error),
    /// It cannot be mounted for writing.
    #[error("the USB stick {device} cannot be mounted; is it write-protected?")]
    Mount {
        /// Its device.
        device: String,
        /// The kernel's reason.
        source: io::Error,
    },
    /// What was written may not be on it.
    #[error("the USB stick {device} cannot be unmounted: what was written may not be whole")]
    Unmount {
        /// Its device.
        device: String,
        /// The kernel's reason.
        source: io::Error,
    },
}

/// A stick that is mounted. Dropped without [`StickOut::close`] it is unmounted all the same, and nobody hears whether that went
/// well.
#[derive(Debug)]
pub struct StickOut {
    device: String,
    mounted: bool,
    _bundle: BundleAside,
}

/// The mounted bundle of a stick, out of the way until this is dropped.
#[derive(Debug)]
struct BundleAside(Option<String>);

impl BundleAside {
    fn new() -> Self {
        let device = fs::read_to_string(paths::STICK).ok();
        unmount_bundle(Path::new(paths::STICK_MOUNT));
        BundleAside(device.map(|text| text.trim().to_owned()))
    }
}

impl Drop for BundleAside {
    fn drop(&mut self) {
        let Some(device) = &self.0 else { return };
        if let Ok(Some(volume)) = volume::read(Path::new(device)) {
            // Pulled out meanwhile, perhaps; its service knows.
            let _ = mount_bundle(device, Path::new(paths::STICK_MOUNT), &volume);
        }
    }
}

impl StickOut {
    /// Mounts the only stick with a file system, or the only one with the label HOLDFAST; for writing if asked.
    ///
    /// # Errors
    /// There is none, or several, or it cannot be mounted.
    pub fn open(writable: bool) -> Result<Self, StickOutError> {
        let blocks = block::list(Path::new("/sys")).map_err(StickOutError::List)?;
        // A disk cannot be mounted for reading only and for writing at once.
        let bundle = BundleAside::new();
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let found: Vec<(Block, volume::Volume)> = blocks
            .into_iter()
            .filter(|block| block.pluggable && block.size > 0 && !is_used(&mounts, &block.name))
            .filter_map(|block| {
                let volume = volume::read(&Path::new("/dev").join(&block.name));
                Some((block, volume.ok().flatten()?))
            })
            .filter(|(block, _)| !is_ours(block.partition_name.as_deref()))
            .collect();
        let names: Vec<(&str, &str)> = found
            .iter()
            .map(|(block, volume)| (block.name.as_str(), volume.label.as_str()))
            .collect();
        let (block, volume) = &found[choose(&names)?];
        let device = format!("/dev/{}", block.name);
        let failed = |source| StickOutError::Mount {
            device: device.clone(),
            source,
        };
        let at = Path::new(MOUNT);
        fs::create_dir_all(at).map_err(failed)?;
        mounting(writable)(Path::new(&device), at, volume).map_err(failed)?;
        let stick = Self {
            device: device.clone(),
            mounted: true,
            _bundle: bundle,
        };
        if writable {
            mount::set_writable(at, true).map_err(failed)?;
        }
        Ok(stick)
    }

    /// Its top folder.
    pub fn folder(&self) -> PathBuf {
        MOUNT.into()
    }

    /// Its device, for people.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// Unmounts it: then all that was written is on it.
    ///
    /// # Errors
    /// The kernel's.
    pub fn close(mut self) -> Result<(), StickOutError> {
        self.mounted = false;
        mount::detach(Path::new(MOUNT)).map_err(|source| StickOutError::Unmount {
            device: self.device.clone(),
            source,
        })
    }
}

impl Drop for StickOut {
    fn drop(&mut self) {
        if self.mounted {
            // Something failed before, and that is what is told.
            let _ = mount::detach(Path::new(MOUNT));
        }
    }
}

/// How a foreign volume is mounted, read-only at first.
fn mounting(writable: bool) -> fn(&Path, &Path, &volume::Volume) -> io::Result<()> {
    match writable {
        true => mount::foreign_to_write,
        false => mount::foreign,
    }
}

fn is_used(mounts: &str, name: &str) -> bool {
    let device = format!("/dev/{name}");
    mounts
        .lines()
        .any(|line| line.split(' ').next() == Some(device.as_str()))
}

/// A partition of a Holdfast disk: one that boots from USB is no stick to write to.
fn is_ours(partition: Option<&str>) -> bool {
    let roles = disk::layout::LAYOUT.iter().map(|place| place.name);
    partition.is_some_and(|name| roles.into_iter().any(|role| role == name))
}

/// Which of the volumes, each with its device's name and its label.
fn choose(volumes: &[(&str, &str)]) -> Result<usize, StickOutError> {
    let all = || 0..volumes.len();
    let labelled: Vec<usize> = all().filter(|at| volumes[*at].1 == LABEL).collect();
    let meant = if labelled.is_empty() {
        all().collect()
    } else {
        labelled
    };
    match meant.as_slice() {
        [] => Err(StickOutError::None),
        [one] => Ok(*one),
        several => {
            let names: Vec<&str> = several.iter().map(|at| volumes[*at].0).collect();
            Err(StickOutError::Several(names.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{choose, is_ours, is_used};

    #[test]
    fn one_is_meant_or_none() {
        let chosen = |volumes: &[(&str, &str)]| match choose(volumes) {
            Ok(at) => volumes[at].0.to_owned(),
            Err(error) => error.to_string().chars().take(26).collect(),
        };
        for (volumes, expected) in [
            (&[][..], "there is no USB stick with"),
            (&[("sda1", "")], "sda1"),
            (&[("sda1", "PHOTOS"), ("sdb1", "HOLDFAST")], "sdb1"),
            (
                &[("sda1", "PHOTOS"), ("sdb1", "")],
                "several USB sticks are ther",
            ),
            (
                &[("sda1", "HOLDFAST"), ("sdb1", "HOLDFAST")],
                "several USB sticks are ther",
            ),
        ] {
            let found = chosen(volumes);
            assert!(expected.starts_with(&found), "{volumes:?}: {found}");
        }
    }

    #[test]
    fn what_is_used_already_is_no_stick() {
        let mounts = "/dev/sda2 /config vfat ro 0 0\n";
        assert!(is_used(mounts, "sda2") && !is_used(mounts, "sda"));
        assert!(is_ours(Some("CONFIG")) && !is_ours(Some("data")) && !is_ours(None));
    }
}
