//! A reader of FAT32, written from its specification (Microsoft, "FAT: General Overview of On-Disk Format", 1.03): what firmware
//! would find on a boot partition. It shares no code with what writes there.

use crate::log::SECTOR;
use crate::sectors::{Content, Contents};

const ENTRY: usize = 32;
const LONG_NAME: u8 = 0x0f;
const FOLDER: u8 = 0x10;
const VOLUME: u8 = 0x08;
/// A chain that is longer than this leads in a circle.
const LONGEST: usize = 1 << 16;

/// A file or folder as its entry tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// Its length in bytes.
    pub size: u32,
    /// Its first cluster.
    pub first: u32,
}

/// A volume.
#[derive(Debug)]
pub struct Volume<'a> {
    sectors: &'a [Content],
    contents: &'a Contents,
    table: usize,
    clusters: usize,
    per_cluster: usize,
    root: u32,
}

impl<'a> Volume<'a> {
    /// Reads the first sector; none if it is no FAT32 volume.
    pub fn open(sectors: &'a [Content], contents: &'a Contents) -> Option<Self> {
        let head = contents.bytes(*sectors.first()?);
        let reserved = usize::from(half(head, 14));
        let tables = usize::from(head[16]);
        let table_size = word(head, 36) as usize;
        let per_cluster = usize::from(head[13]);
        let sane = half(head, 11) as usize == SECTOR
            && head[510..] == [0x55, 0xaa]
            && per_cluster.is_power_of_two()
            && half(head, 22) == 0;
        sane.then_some(Self {
            sectors,
            contents,
            table: reserved,
            clusters: reserved + tables * table_size,
            per_cluster,
            root: word(head, 44),
        })
    }

    /// What is in the folder at this path; none if there is no such folder, or its chain is broken.
    pub fn list(&self, path: &[&str]) -> Option<Vec<Named>> {
        let mut folder = self.entries(self.root)?;
        for name in path {
            let next = folder
                .iter()
                .find(|is| is.is_folder && is.name.eq_ignore_ascii_case(name))?;
            folder = self.entries(next.first)?;
        }
        Some(folder)
    }

    /// The sectors of a file; none if its chain is broken or shorter than the file.
    pub fn file(&self, file: &Named) -> Option<Vec<Content>> {
        let count = (file.size as usize).div_ceil(SECTOR);
        let mut sectors = self.chain(file.first)?;
        (sectors.len() >= count).then(|| sectors.truncate(count))?;
        Some(sectors)
    }

    /// The clusters of a chain; none if one of them is free, bad or outside.
    pub fn clusters(&self, first: u32) -> Option<Vec<u32>> {
        let (mut at, mut chain) = (first, Vec::new());
        loop {
            match at {
                0 | 1 | 0x0fff_fff7 => return None,
                0x0fff_fff8.. => return Some(chain),
                _ => chain.push(at),
            }
            let number = *self.sectors.get(self.table + at as usize * 4 / SECTOR)?;
            if chain.len() > LONGEST {
                return None;
            }
            at = word(self.contents.bytes(number), at as usize * 4 % SECTOR) & 0x0fff_ffff;
        }
    }

    fn chain(&self, first: u32) -> Option<Vec<Content>> {
        let mut sectors = Vec::new();
        for cluster in self.clusters(first)? {
            let start = self.clusters + (cluster as usize - 2) * self.per_cluster;
            sectors.extend_from_slice(self.sectors.get(start..start + self.per_cluster)?);
        }
        Some(sectors)
    }

    fn entries(&self, first: u32) -> Option<Vec<Named>> {
        let mut found = Vec::new();
        let mut long = LongName::default();
        for sector in self.chain(first)? {
            for entry in self.contents.bytes(sector).chunks(ENTRY) {
                match (entry[0], entry[11]) {
                    (0, _) => return Some(found),
                    (0xe5, _) => long = LongName::default(),
                    (_, LONG_NAME) => long.take(entry),
                    (_, kind) if kind & VOLUME != 0 => long = LongName::default(),
                    (_, kind) => {
                        let name = std::mem::take(&mut long).finish(&entry[..11]);
                        found.push(Named {
                            name: name.unwrap_or_else(|| short(entry)),
                            is_folder: kind & FOLDER != 0,
                            size: word(entry, 28),
                            first: u32::from(half(entry, 20)) << 16 | u32::from(half(entry, 26)),
                        });
                    }
                }
            }
        }
        Some(found)
    }
}

/// A name that stands in several entries, the last part first.
#[derive(Debug, Default)]
struct LongName {
    next: u8,
    check: u8,
    units: Vec<u16>,
}

impl LongName {
    fn take(&mut self, entry: &[u8]) {
        let order = entry[0];
        if order & 0x40 != 0 {
            *self = Self {
                next: order & 0x3f,
                check: entry[13],
                units: Vec::new(),
            };
        }
        if self.next == 0 || order & 0x3f != self.next || entry[13] != self.check {
            *self = Self::default();
            return;
        }
        self.next -= 1;
        let places = (1..11)
            .step_by(2)
            .chain((14..26).step_by(2))
            .chain([28, 30]);
        let part: Vec<u16> = places.map(|at| half(entry, at)).collect();
        self.units.splice(0..0, part);
    }

    /// The name, if all its parts came and belong to this short one.
    fn finish(self, short: &[u8]) -> Option<String> {
        let sum = short
            .iter()
            .fold(0_u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte));
        let whole = self.next == 0 && !self.units.is_empty() && sum == self.check;
        let units: Vec<u16> = self
            .units
            .into_iter()
            .take_while(|&unit| unit != 0)
            .collect();
        whole.then(|| String::from_utf16_lossy(&units))
    }
}

fn short(entry: &[u8]) -> String {
    let part = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    let (name, ending) = (part(&entry[..8]), part(&entry[8..11]));
    if ending.is_empty() {
        name
    } else {
        format!("{name}.{ending}")
    }
}

fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from(half(bytes, at)) | u32::from(half(bytes, at + 2)) << 16
}
