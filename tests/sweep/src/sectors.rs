//! A disk as sectors whose content is kept once: a change costs a number, and equal disks are told by a sum that changes with it.

use crate::layout::{PARTS, Part};
use crate::log::SECTOR;
use std::collections::HashMap;
use std::rc::Rc;

/// A sector's content; equal contents have equal numbers.
pub type Content = u32;

/// Every content that was ever seen.
#[derive(Debug, Default)]
pub struct Contents {
    all: Vec<Rc<[u8]>>,
    numbers: HashMap<Rc<[u8]>, Content>,
}

impl Contents {
    /// The number of this content.
    pub fn number(&mut self, sector: &[u8]) -> Content {
        assert_eq!(sector.len(), SECTOR);
        if let Some(&number) = self.numbers.get(sector) {
            return number;
        }
        let (sector, number) = (Rc::<[u8]>::from(sector), self.all.len() as Content);
        self.all.push(sector.clone());
        self.numbers.insert(sector, number);
        number
    }

    /// The numbers of these whole sectors.
    pub fn numbers(&mut self, data: &[u8]) -> Vec<Content> {
        data.chunks(SECTOR)
            .map(|sector| self.number(sector))
            .collect()
    }

    /// The content of this number.
    pub fn bytes(&self, number: Content) -> &[u8] {
        &self.all[number as usize]
    }
}

/// A disk.
#[derive(Debug, Clone)]
pub struct Disk {
    sectors: Vec<Content>,
    prints: [u128; PARTS.len()],
}

impl Disk {
    /// One with these contents.
    pub fn new(sectors: Vec<Content>) -> Self {
        let mut prints = [0; PARTS.len()];
        for (at, &content) in sectors.iter().enumerate() {
            prints[part_of(at)] ^= print_of(at, content);
        }
        Self { sectors, prints }
    }

    /// Puts a content at a sector; gives what was there.
    pub fn put(&mut self, at: usize, content: Content) -> Content {
        let before = std::mem::replace(&mut self.sectors[at], content);
        self.prints[part_of(at)] ^= print_of(at, before) ^ print_of(at, content);
        before
    }

    /// All sectors.
    pub fn sectors(&self) -> &[Content] {
        &self.sectors
    }

    /// The sectors of a partition.
    pub fn part(&self, part: Part) -> &[Content] {
        &self.sectors[part.start as usize..(part.start + part.sectors) as usize]
    }

    /// A number for each partition, equal for equal contents.
    pub fn prints(&self) -> [u128; PARTS.len()] {
        self.prints
    }
}

fn part_of(at: usize) -> usize {
    let inside = |part: &Part| (at as u64) < part.start + part.sectors;
    PARTS.iter().position(inside).unwrap_or(PARTS.len() - 1)
}

/// A number that no other pair has, as far as chance allows (the finalizer of splitmix64, twice).
fn print_of(at: usize, content: Content) -> u128 {
    let pair = (at as u64) << 32 | u64::from(content);
    let (high, low) = (mix(pair), mix(pair ^ 0x5851_f42d_4c95_7f2d));
    u128::from(high) << 64 | u128::from(low)
}

/// Scatters the bits of a number.
pub(crate) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
