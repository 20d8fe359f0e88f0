//! Whether a volume is whole, before anything is done with it.
//!
//! `fatfs` follows what it finds: a chain that leaves the volume, or meets itself, makes it panic
//! or never end. So a volume is looked over first, as `fsck` would: every link of the table leads
//! to a cluster, no two to the same one, and every file begins a chain of its own.

use std::io::{self, Read, Seek, SeekFrom};

use super::geometry::{BOOT_SECTOR, Geometry};
use super::{Damage, Kind};
use crate::bytes::{u16_at, u32_at};

/// Bytes of a directory slot.
const SLOT: usize = 32;

/// The table: what follows each cluster.
struct Links {
    /// Next cluster, 0 for a free one, [`END`] for the last of a chain; from cluster 2 on.
    next: Vec<u32>,
    /// Whether a link or a directory entry leads to the cluster.
    taken: Vec<bool>,
}

const END: u32 = u32::MAX;

/// Looks a volume over.
pub(super) fn check<D: Read + Seek>(disk: &mut D) -> Result<Kind, Damage> {
    let length = disk
        .seek(SeekFrom::End(0))
        .map_err(|error| unreadable(&error))?;
    let boot = read_at(disk, 0, BOOT_SECTOR)?;
    let geometry = Geometry::parse(&boot, length)?;
    let mut links = Links::read(disk, &geometry)?;
    let mut directories = Vec::new();
    if geometry.kind == Kind::Fat32 {
        directories.push(links.begin(geometry.root_cluster, &geometry)?);
    } else {
        let size = usize::try_from(geometry.root.1).map_err(|_| Damage::Kind)?;
        let slots = read_at(disk, geometry.root.0, size)?;
        enter(&slots, &geometry, &mut links, &mut directories)?;
    }
    // Each directory begins a chain of its own, so the list ends.
    while let Some(first) = directories.pop() {
        let mut slots = Vec::new();
        let mut cluster = first;
        while cluster != END {
            let size = usize::try_from(geometry.cluster).map_err(|_| Damage::Kind)?;
            slots.extend(read_at(disk, geometry.offset(cluster), size)?);
            cluster = links.next[cluster as usize - 2];
        }
        enter(&slots, &geometry, &mut links, &mut directories)?;
    }
    Ok(geometry.kind)
}

/// Marks the files of a directory, and adds its directories to the list.
fn enter(
    slots: &[u8],
    geometry: &Geometry,
    links: &mut Links,
    directories: &mut Vec<u32>,
) -> Result<(), Damage> {
    for slot in slots.chunks_exact(SLOT).take_while(|slot| slot[0] != 0) {
        let attributes = slot[11];
        let label_or_long_name = attributes & 0x08 != 0;
        if slot[0] == 0xe5
            || label_or_long_name
            || slot.starts_with(b".          ")
            || slot.starts_with(b"..         ")
        {
            continue;
        }
        let high = if geometry.kind == Kind::Fat32 {
            u32::from(u16_at(slot, 20)) << 16
        } else {
            0
        };
        let first = high | u32::from(u16_at(slot, 26));
        let directory = attributes & 0x10 != 0;
        // An empty file has no cluster; a directory always has one.
        if first != 0 || directory {
            let first = links.begin(first, geometry)?;
            directories.extend(directory.then_some(first));
        }
    }
    Ok(())
}

impl Links {
    fn read<D: Read + Seek>(disk: &mut D, geometry: &Geometry) -> Result<Self, Damage> {
        let count = geometry.clusters as usize;
        let (width, first_special) = match geometry.kind {
            Kind::Fat16 => (2, 0xfff7),
            Kind::Fat32 => (4, 0x0fff_fff7),
        };
        let table = read_at(disk, geometry.table, (count + 2) * width)?;
        let mut links = Self {
            next: Vec::with_capacity(count),
            taken: vec![false; count],
        };
        for (entry, cluster) in table.chunks_exact(width).zip(0_u32..).skip(2) {
            let value = if width == 2 {
                u32::from(u16_at(entry, 0))
            } else {
                u32_at(entry, 0) & 0x0fff_ffff
            };
            if value >= first_special {
                links.next.push(END);
            } else if value == 0 {
                links.next.push(0);
            } else {
                if !geometry.has(value) {
                    return Err(Damage::Link { cluster, to: value });
                }
                links.take(value)?;
                links.next.push(value);
            }
        }
        // A chain must not run into free clusters.
        let free = links
            .next
            .iter()
            .zip(&links.taken)
            .zip(2..)
            .find(|((next, taken), _)| **next == 0 && **taken);
        match free {
            Some((_, cluster)) => Err(Damage::Lost(cluster)),
            None => Ok(links),
        }
    }

    /// Takes `first` as the beginning of a chain.
    fn begin(&mut self, first: u32, geometry: &Geometry) -> Result<u32, Damage> {
        if !geometry.has(first) {
            return Err(Damage::Start(first));
        }
        self.take(first)?;
        if self.next[first as usize - 2] == 0 {
            return Err(Damage::Lost(first));
        }
        Ok(first)
    }

    fn take(&mut self, cluster: u32) -> Result<(), Damage> {
        let taken = &mut self.taken[cluster as usize - 2];
        if std::mem::replace(taken, true) {
            Err(Damage::Shared(cluster))
        } else {
            Ok(())
        }
    }
}

fn read_at<D: Read + Seek>(disk: &mut D, offset: u64, length: usize) -> Result<Vec<u8>, Damage> {
    let mut bytes = Vec::new();
    let read = disk
        .seek(SeekFrom::Start(offset))
        .and_then(|_| disk.by_ref().take(length as u64).read_to_end(&mut bytes))
        .map_err(|error| unreadable(&error))?;
    if read < length {
        return Err(unreadable(&io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(bytes)
}

fn unreadable(error: &io::Error) -> Damage {
    Damage::Unreadable(error.to_string())
}
