//! The media of a node, and the CONFIG partition of the booted disk.

use super::block::{self, Block};
use super::mount;
use super::stick::{self, Stick};
use super::{usb, volume};
use crate::machine::as_io;
use host::Command;
use init_api::{BootRecord, Millis, Problem};
use std::fs;
use std::path::{Path, PathBuf};

/// Where the CONFIG partition is mounted, read-only but for the moment of a change.
pub const CONFIG_MOUNT: &str = "/config";

/// The mounted CONFIG partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigPartition {
    /// Where its files are.
    pub directory: PathBuf,
    /// Whether it is on a medium that one plugs in: a USB stick.
    pub pluggable: bool,
    /// What was done to it.
    pub notes: Vec<String>,
}

/// Media that hold configurations.
pub trait Media {
    /// Mounts the CONFIG partition of the booted disk.
    ///
    /// # Errors
    /// Why there is none, for a person.
    fn config_partition(&mut self, boot: Option<&BootRecord>) -> Result<ConfigPartition, Problem>;

    /// Waits until the kernel has looked at all that is plugged in, whose drivers were `loaded` then after its start.
    fn settle(&mut self, loaded: Option<Millis>);

    /// Every stick.
    fn sticks(&mut self) -> Vec<Stick>;

    /// The devices of every stick, none of which is mounted for that.
    fn stick_devices(&mut self) -> Vec<String>;

    /// Every stick, as soon as so many can be read; those that are there, when that takes too long.
    fn awaited_sticks(&mut self, wanted: usize) -> Vec<Stick>;
}

/// The node's own.
#[derive(Debug, Clone, Copy, Default)]
pub struct NodeMedia;

impl Media for NodeMedia {
    fn config_partition(&mut self, boot: Option<&BootRecord>) -> Result<ConfigPartition, Problem> {
        let at = Path::new(CONFIG_MOUNT);
        let blocks = block::list(Path::new("/sys")).unwrap_or_default();
        let mut found = ConfigPartition {
            directory: at.to_owned(),
            pluggable: boot.is_some_and(|boot| is_pluggable(&boot.disk, &blocks)),
            notes: Vec::new(),
        };
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        if mount::is_mounted(&mounts, at) {
            return Ok(found);
        }
        let device = config_device(boot, &blocks)?;
        mount_config(&device, at, &mut found.notes)?;
        Ok(found)
    }

    fn settle(&mut self, loaded: Option<Millis>) {
        usb::wait(Path::new("/sys"), loaded);
    }

    fn sticks(&mut self) -> Vec<Stick> {
        stick::all()
    }

    fn stick_devices(&mut self) -> Vec<String> {
        stick::devices()
    }

    fn awaited_sticks(&mut self, wanted: usize) -> Vec<Stick> {
        stick::awaited(wanted)
    }
}

fn is_pluggable(disk: &Path, blocks: &[Block]) -> bool {
    let name = disk.file_name().unwrap_or_default().to_string_lossy();
    let disk = blocks.iter().find(|block| block.name == name);
    disk.is_some_and(|disk| disk.pluggable)
}

/// The device of the CONFIG partition; without one, the problem in full.
fn config_device(boot: Option<&BootRecord>, blocks: &[Block]) -> Result<PathBuf, Problem> {
    let Some(boot) = boot else {
        return Err(Problem::new(
            "The booted disk is not known",
            "The initramfs left no record of the disk that it booted from (/run/holdfast/boot.json), so the CONFIG partition cannot be found.",
            "Restart the machine. If it happens again, flash the image again; that makes a new, empty machine, so save first what you need.",
        ));
    };
    if let Some(device) = &boot.partitions.config {
        return Ok(device.clone());
    }
    let disk = boot
        .disk
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let here = |block: &&Block| block.disk.as_deref() == Some(disk.as_str());
    if let Some(block) = blocks
        .iter()
        .filter(here)
        .find(|block| block.partition_name.as_deref() == Some("CONFIG"))
    {
        return Ok(Path::new("/dev").join(&block.name));
    }
    let seen: Vec<String> = blocks.iter().filter(here).map(seen).collect();
    Err(missing(&boot.disk, &seen))
}

fn seen(block: &Block) -> String {
    format!(
        "{} \"{}\" ({} MiB)",
        block.name,
        block.partition_name.as_deref().unwrap_or(""),
        block.size >> 20
    )
}

fn missing(disk: &Path, seen: &[String]) -> Problem {
    let disk = disk.display();
    let list = if seen.is_empty() {
        "no partition at all".to_owned()
    } else {
        seen.join(", ")
    };
    Problem::new(
        "The CONFIG partition is missing",
        format!("The booted disk {disk} has no partition named CONFIG. Seen on it: {list}."),
        "Plug in a USB stick with the label HOLDFAST and config.yaml at its top, and restart the machine. To repair the \
         disk itself, make a FAT partition with the GPT name CONFIG on it, on any PC, and put config.yaml there. Leave \
         boot, root-a, root-b and state as they are.",
    )
}

fn mount_config(device: &Path, at: &Path, notes: &mut Vec<String>) -> Result<(), Problem> {
    let unusable = |why: String| {
        Problem::new(
            "The CONFIG partition cannot be read",
            format!("{}: {why}.", device.display()),
            format!(
                "Check it on any PC, or here with `fsck.fat -a {0}`. If it holds nothing of use: `mkfs.fat -n CONFIG {0}`, put config.yaml on it, restart.",
                device.display()
            ),
        )
    };
    let volume = volume::read(device)
        .map_err(|error| unusable(error.to_string()))?
        .ok_or_else(|| unusable("it holds neither FAT nor ext4".to_owned()))?;
    if volume.dirty {
        notes.push(check_fat(device));
    }
    fs::create_dir_all(at)
        .map_err(|error| unusable(format!("{} cannot be made: {error}", at.display())))?;
    mount::read_only(device, at, &volume)
        .map_err(|error| unusable(format!("it cannot be mounted: {error}")))
}

/// Repairs a FAT that was not unmounted cleanly; says what came of it.
fn check_fat(device: &Path) -> String {
    let shown = device.display();
    let check = Command::new("fsck.fat").arg("-a").arg(device);
    match check.run_to_any_end() {
        Ok(output) if output.status.code().is_some_and(|code| code <= 1) => {
            format!("{shown} was not unmounted cleanly; fsck.fat checked it and it is in order")
        }
        Ok(output) => format!(
            "{shown} was not unmounted cleanly and fsck.fat could not repair it: {}",
            output.text().trim().replace('\n', "; ")
        ),
        Err(error) => format!(
            "{shown} was not unmounted cleanly and fsck.fat could not be run: {}",
            as_io(error)
        ),
    }
}

/// There is a file that gives an error instead of its text.
pub(super) fn unreadable_file(why: &str) -> Problem {
    Problem::new(
        "config.yaml on the CONFIG partition cannot be read",
        why,
        "Check the partition on any PC (`fsck.fat -a` on Linux), put config.yaml on it again, and restart.",
    )
}

/// The title of [`no_file`].
const NO_FILE: &str = "There is no config.yaml on the CONFIG partition";

/// The title of [`as_flashed`].
const AS_FLASHED: &str = "The stick is as it was flashed: its configuration says nothing";

/// Whether the problem is that nobody placed a configuration yet.
pub(crate) fn is_unconfigured(problem: &Problem) -> bool {
    problem.title == NO_FILE || problem.title == AS_FLASHED
}

/// The machine was started from a stick that nobody edited, and never ran as a node. A node that nobody can log in to, on a stick
/// that is pulled out again, is what nobody wants.
pub(crate) fn as_flashed() -> Problem {
    Problem::new(
        AS_FLASHED,
        "The machine was started from a stick whose config.yaml is the sample, and nothing else says what it shall do.",
        "Edit config.yaml on the CONFIG partition (any PC shows it) and restart: `install:` installs the system on a disk; any other \
         key, such as `hostname:`, makes the stick itself a node.",
    )
}

/// There is a CONFIG partition without a configuration: most often the file has another name.
pub(super) fn no_file(directory: &Path) -> Problem {
    let mut names: Vec<String> = fs::read_dir(directory)
        .map(|entries| {
            entries
                .flatten()
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect()
        })
        .unwrap_or_default();
    names.sort();
    let list = if names.is_empty() {
        "nothing".to_owned()
    } else {
        names.join(", ")
    };
    Problem::new(
        NO_FILE,
        format!("The partition holds: {list}."),
        "Put your configuration on it under the name config.yaml (some editors make config.yaml.txt of it), then restart, \
         or run `holdfast config apply FILE` on this machine. `holdfast config sample` prints one to begin with.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use init_api::{Partitions, Slot, Started, StateOutcome};

    fn booted(config: Option<&str>) -> BootRecord {
        BootRecord {
            slot: Slot::A,
            root_hash: String::new(),
            disk: "/dev/vda".into(),
            partitions: Partitions {
                config: config.map(PathBuf::from),
                ..Partitions::default()
            },
            state: StateOutcome::Clean,
            watchdog: None,
            started: Started::default(),
            trial: None,
            phases: Vec::new(),
        }
    }

    fn part(name: &str, disk: &str, label: &str) -> Block {
        Block {
            name: name.into(),
            disk: Some(disk.into()),
            partition_name: Some(label.into()),
            size: 64 << 20,
            pluggable: false,
        }
    }

    #[test]
    fn the_partition_of_the_booted_disk_only() {
        let blocks = [
            part("vda1", "vda", "boot"),
            part("vdb2", "vdb", "CONFIG"),
            part("vda2", "vda", "CONFIG"),
        ];
        assert_eq!(
            config_device(Some(&booted(None)), &blocks).unwrap(),
            Path::new("/dev/vda2")
        );
        assert_eq!(
            config_device(Some(&booted(Some("/dev/vda9"))), &blocks).unwrap(),
            Path::new("/dev/vda9")
        );
    }

    #[test]
    fn a_missing_partition_is_told_in_full() {
        let blocks = [part("vda1", "vda", "boot"), part("vdb2", "vdb", "CONFIG")];
        let problem = config_device(Some(&booted(None)), &blocks).unwrap_err();
        assert_eq!(problem.title, "The CONFIG partition is missing");
        assert_eq!(
            problem.text,
            "The booted disk /dev/vda has no partition named CONFIG. Seen on it: vda1 \"boot\" (64 MiB)."
        );
        assert!(
            problem.cure.contains("the GPT name CONFIG"),
            "{}",
            problem.cure
        );
    }

    #[test]
    fn a_file_under_another_name_is_shown() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("config.yaml.txt"), "").unwrap();
        assert_eq!(
            no_file(directory.path()).text,
            "The partition holds: config.yaml.txt."
        );
    }
}
