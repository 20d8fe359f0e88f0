//! Collecting facts about disks.

use super::facts::{Disk, Part, Use, UseKind};
use super::mounts::{self, Mount};
use super::sysfs::Folder;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where the kernel's files are.
#[derive(Debug, Clone)]
pub struct Roots {
    /// `/sys/block`
    pub block: PathBuf,
    /// `/proc/self/mountinfo`
    pub mounts: PathBuf,
    /// `/proc/swaps`
    pub swaps: PathBuf,
    /// `/run/udev/data`, where udev keeps what it found on disks; absent without udev.
    pub udev: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Self {
            block: "/sys/block".into(),
            mounts: "/proc/self/mountinfo".into(),
            swaps: "/proc/swaps".into(),
            udev: "/run/udev/data".into(),
        }
    }
}

/// The disks cannot be told of.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot read {path}, by which disks in use are told from others: nothing is written without it"
)]
pub struct ListError {
    /// The file or folder of the kernel's.
    pub path: PathBuf,
    /// Why not.
    pub source: io::Error,
}

/// All disks, in the order of their names.
///
/// # Errors
/// The kernel's files cannot be read.
pub fn list(roots: &Roots) -> Result<Vec<Disk>, ListError> {
    let tables = Tables::read(roots)?;
    fs::read_dir(&roots.block).map_err(kernel(&roots.block))?;
    let names = Folder::new(&roots.block).names("");
    // What hides is a path to a disk, such as `nvme0c0n1`, and no disk that one could open.
    let hidden = |name: &str| Folder::new(roots.block.join(name)).flag("hidden");
    Ok(names
        .iter()
        .filter(|name| !hidden(name))
        .map(|name| disk(roots, name, &tables))
        .collect())
}

struct Tables {
    mounts: Vec<Mount>,
    swaps: Vec<String>,
}

impl Tables {
    fn read(roots: &Roots) -> Result<Self, ListError> {
        let text = |path: &Path| fs::read_to_string(path).map_err(kernel(path));
        let swaps = match text(&roots.swaps) {
            // A kernel that is built without swap has no such file.
            Err(ListError { source, .. }) if source.kind() == io::ErrorKind::NotFound => Vec::new(),
            other => mounts::swaps(&other?),
        };
        Ok(Self {
            mounts: mounts::mounts(&text(&roots.mounts)?),
            swaps,
        })
    }
}

fn kernel(path: &Path) -> impl FnOnce(io::Error) -> ListError + '_ {
    move |source| ListError {
        path: path.to_owned(),
        source,
    }
}

fn disk(roots: &Roots, name: &str, tables: &Tables) -> Disk {
    let folder = Folder::new(roots.block.join(name));
    let is_part = |below: &String| folder.below(below).has("partition");
    let parts: Vec<String> = folder.names("").into_iter().filter(is_part).collect();
    let mut uses = uses(roots, name, &folder, tables, 0);
    for part in &parts {
        uses.extend(self::uses(roots, part, &folder.below(part), tables, 0));
    }
    let part = |part: &String| Part {
        label: label(roots, &folder.below(part)),
        name: part.clone(),
    };
    Disk {
        name: name.to_owned(),
        numbers: folder.text("dev").unwrap_or_default(),
        sequence: folder.number("diskseq"),
        // Whatever its sectors, the kernel counts in 512 bytes here.
        size: folder.number("size").unwrap_or(0).saturating_mul(512),
        sector: folder.number("queue/logical_block_size").unwrap_or(512),
        read_only: folder.flag("ro"),
        removable: folder.flag("removable"),
        transport: folder.transport(),
        model: folder.model(),
        serial: folder.serial(),
        parts: parts.iter().map(part).collect(),
        uses,
    }
}

/// What is made of disks is made of disks again: more levels than this are none.
const MOST_LEVELS: usize = 8;

/// What uses a disk or a partition, and what uses that which was made of it.
fn uses(roots: &Roots, name: &str, folder: &Folder, tables: &Tables, level: usize) -> Vec<Use> {
    let numbers = folder.text("dev");
    let mapped = folder.text("dm/name").map(|name| format!("mapper/{name}"));
    let is_it = |other: &str| other == name || mapped.as_deref() == Some(other);
    let one = |kind| Use {
        node: name.to_owned(),
        kind,
    };
    let mut uses = Vec::new();
    for mount in &tables.mounts {
        if Some(&mount.numbers) == numbers.as_ref() || is_it(&mount.source) {
            uses.push(one(UseKind::Mounted(mount.at.clone())));
        }
    }
    if tables.swaps.iter().any(|swap| is_it(swap)) {
        uses.push(one(UseKind::Swap));
    }
    for holder in folder.names("holders") {
        let made = Folder::new(roots.block.join(&holder));
        let called = made.text("dm/name").unwrap_or_else(|| holder.clone());
        uses.push(one(UseKind::PartOf(called)));
        if level < MOST_LEVELS {
            uses.extend(self::uses(roots, &holder, &made, tables, level + 1));
        }
    }
    uses
}

/// What a partition is called: its file system's name as udev found it, or its own.
fn label(roots: &Roots, folder: &Folder) -> Option<String> {
    let of_udev = folder.text("dev").and_then(|numbers| {
        let text = fs::read_to_string(roots.udev.join(format!("b{numbers}"))).ok()?;
        let found = text
            .lines()
            .find_map(|line| line.strip_prefix("E:ID_FS_LABEL="));
        found.map(str::to_owned)
    });
    folder.uevent("PARTNAME").or(of_udev)
}
