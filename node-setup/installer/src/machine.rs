//! The facts about this machine's disks.

use crate::choose::is_meant;
use crate::{Candidate, Content, Source, inspect, plan, signatures};
use disk::{Geometry, Sector};
use disk_devices::{Disk, ListError, Roots, Transport, list};
use os_config::Install;
use std::fs::{self, File};
use std::path::Path;

/// Every disk that could be installed onto, in the order of their names. Only those that `install` asks for are read: a failing disk of
/// another use must not delay it.
///
/// # Errors
/// The kernel's files cannot be read.
pub(crate) fn candidates(install: &Install, source: &Source) -> Result<Vec<Candidate>, ListError> {
    let disks = list(&Roots::default())?;
    let named = install.disk.path.as_ref();
    let named = named.and_then(|path| fs::canonicalize(path.as_str()).ok());
    let found = disks.into_iter().filter(can_be_installed_onto).map(|disk| {
        let node = disk.path();
        let candidate = Candidate {
            is_booted: disk.name == source.disk,
            is_named: named.as_ref() == Some(&node),
            unfit: unfit(&disk, source),
            content: Content::Unknown("it was not read".to_owned()),
            disk,
        };
        let content = is_meant(&install.disk, &candidate).then(|| content(&node));
        Candidate {
            content: content.unwrap_or_else(|| candidate.content.clone()),
            ..candidate
        }
    });
    Ok(found.collect())
}

/// No optical drive, no floppy, nothing made of others, and no part of an eMMC that only its firmware uses.
pub fn can_be_installed_onto(disk: &Disk) -> bool {
    let name = disk.name.as_str();
    let made = matches!(disk.transport, Transport::Made | Transport::Loop);
    let of_firmware =
        name.starts_with("mmcblk") && (name.contains("boot") || name.contains("rpmb"));
    let other = ["sr", "fd", "nbd"]
        .iter()
        .any(|kind| name.starts_with(kind));
    !made && !of_firmware && !other
}

fn unfit(disk: &Disk, source: &Source) -> Option<String> {
    let sector = match Sector::of(disk.sector) {
        Ok(sector) => sector,
        Err(error) => return Some(error.to_string()),
    };
    let geometry = Geometry::new(sector, disk.size);
    let planned = plan(geometry, source.root_type, source.root_size, &[], || {
        [0; 16]
    });
    planned.err().map(|error| error.to_string())
}

fn content(node: &Path) -> Content {
    let signatures = match signatures(node) {
        Ok(signatures) => signatures,
        Err(error) => return Content::Unknown(error.to_string()),
    };
    let read = || {
        let file = File::open(node)?;
        inspect(&file, crate::device::geometry(&file)?, &signatures)
    };
    read().unwrap_or_else(|error| Content::Unknown(format!("it cannot be read: {error}")))
}
