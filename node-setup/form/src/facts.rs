//! What the machine has to choose from.

use disk_devices::{Roots, list};
use init_api::{BootRecord, Root, paths};
use std::fs;
use std::path::Path;

/// The machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The release that runs.
    pub release: String,
    /// The name that the machine has without a configuration.
    pub hostname: String,
    /// Its disks, without the one that was booted.
    pub disks: Vec<DiskFacts>,
    /// The disk that was booted, for people.
    pub booted: String,
    /// Its network cards.
    pub cards: Vec<Card>,
}

/// A disk that could be installed onto.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskFacts {
    /// `/dev/nvme0n1`.
    pub path: String,
    /// Model, size, connection, serial number.
    pub title: String,
    /// What it is known by whatever the kernel calls it.
    pub serial: Option<String>,
    /// What is on it, if anything is.
    pub data: Option<String>,
}

/// A network card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The kernel's name for it.
    pub name: String,
    /// Its hardware address.
    pub mac: String,
    /// Something is at the other end of its cable.
    pub link: bool,
}

impl Facts {
    /// Looks at the machine. What cannot be read is not there.
    pub fn read(root: &Root) -> Self {
        let boot: Option<BootRecord> =
            init_api::load_if_present(root.path(paths::BOOT)).unwrap_or_default();
        let booted = boot.map(|boot| boot.disk.display().to_string());
        let booted = booted.unwrap_or_default();
        let release = init_api::load::<init_api::Release>(root.path(paths::RELEASE));
        Self {
            release: release.map(|release| release.version).unwrap_or_default(),
            hostname: line(&root.path("/proc/sys/kernel/hostname")),
            disks: disks(&booted),
            cards: cards(&root.path("/sys/class/net")),
            booted,
        }
    }
}

fn disks(booted: &str) -> Vec<DiskFacts> {
    let all = list(&Roots::default()).unwrap_or_default();
    let all = all.into_iter().filter(installer::can_be_installed_onto);
    all.map(|disk| {
        let node = disk.path();
        let serial = disk.serial.as_deref().unwrap_or("no serial number");
        let title = format!(
            "{}, {}, {}, {serial}",
            disk.title(),
            disk.size_text(),
            disk.transport
        );
        let data = match installer::signatures(&node) {
            Ok(found) if found.is_empty() => None,
            Ok(found) => {
                let mut kinds: Vec<String> = found.into_iter().map(|is| is.kind).collect();
                kinds.dedup();
                Some(kinds.join(", "))
            }
            Err(error) => Some(error.to_string()),
        };
        DiskFacts {
            path: node.display().to_string(),
            title,
            serial: disk.serial,
            data,
        }
    })
    .filter(|disk| disk.path != booted)
    .collect()
}

/// Those of hardware: what the kernel makes of itself has no device.
fn cards(folder: &Path) -> Vec<Card> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let entries = entries.filter(|entry| entry.path().join("device").exists());
    let mut cards: Vec<Card> = entries
        .map(|entry| Card {
            name: entry.file_name().to_string_lossy().into_owned(),
            mac: line(&entry.path().join("address")),
            link: line(&entry.path().join("carrier")) == "1",
        })
        .collect();
    cards.sort_by(|one, other| one.name.cmp(&other.name));
    cards
}

/// The first line; a card that is off has none.
fn line(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().next().unwrap_or_default().trim().to_owned()
}
