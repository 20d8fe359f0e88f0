//! A cut at each write.

use crate::stick::{DISK, FileDisk, Stick};
use disk::gpt::{self, Table};
use disk::{Geometry, Sector, Store};
use installer::{Content, Signature, Target, execute, inspect};
use std::io;

/// A disk in memory that is looked at after each write, whole and torn in the middle.
struct Watched<'a> {
    bytes: Vec<u8>,
    writes: usize,
    look: &'a mut dyn FnMut(&Vec<u8>, usize),
}

impl Store for Watched<'_> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.bytes.read_at(offset, buffer)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        // Sectors are written whole; a write of several may stop between two of them.
        let middle = bytes.len() / 2 / 512 * 512;
        self.bytes.write_at(offset, &bytes[..middle])?;
        (self.look)(&self.bytes, self.writes);
        self.bytes.write_at(offset, bytes)?;
        self.writes += 1;
        (self.look)(&self.bytes, self.writes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Target for Watched<'_> {
    fn length(&self) -> u64 {
        DISK
    }

    fn read_back(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.bytes.read_at(offset, buffer)
    }

    fn reread_table(&mut self) {}
}

/// As wipefs sees tables: by the magic of either header, and the type in the MBR.
fn seen(bytes: &[u8], geometry: Geometry) -> Vec<Signature> {
    let sector = geometry.sector.bytes();
    let signature = |kind: &str, offset: u64| Signature {
        kind: kind.into(),
        offset,
        length: 8,
    };
    let mut found = Vec::new();
    for offset in [sector, geometry.last() * sector] {
        let at = offset as usize;
        if bytes[at..at + 8] == *b"EFI PART" {
            found.push(signature("gpt", offset));
        }
    }
    if bytes[510..512] == [0x55, 0xaa] {
        found.push(signature("PMBR", 510));
    }
    found
}

#[test]
fn a_cut_at_any_write_leaves_an_empty_disk_an_interrupted_one_or_the_whole_system() {
    let stick = Stick::new();
    for sector in [Sector::Bytes512, Sector::Bytes4096] {
        let geometry = FileDisk::geometry(sector);
        let plan = stick.plan(geometry, &[]);
        let mut states = Vec::new();
        let mut look = |bytes: &Vec<u8>, _: usize| {
            let content = inspect(bytes, geometry, &seen(bytes, geometry)).expect("read");
            let word = match content {
                Content::Empty => "empty",
                Content::Interrupted => "interrupted",
                Content::Installed { .. } => "installed",
                other => panic!("{other:?}"),
            };
            let primary = gpt::read(bytes, geometry).primary;
            assert_eq!(primary.is_ok(), word == "installed", "{word}: {primary:?}");
            if states.last() != Some(&word) {
                states.push(word);
            }
        };
        let mut disk = Watched {
            bytes: vec![0; DISK as usize],
            writes: 0,
            look: &mut look,
        };
        execute(&plan, &stick.job(), &mut disk, &mut |_| {}).expect("installed");
        assert!(disk.writes > 20, "{}", disk.writes);
        assert_eq!(states, ["empty", "interrupted", "installed"]);
    }
}

/// Only until the table is whole: what was started once has data.
#[test]
fn a_disk_that_was_started_is_never_taken_for_an_interrupted_one() {
    let stick = Stick::new();
    let geometry = FileDisk::geometry(Sector::Bytes512);
    let plan = stick.plan(geometry, &[]);
    let mut disk = vec![0; DISK as usize];
    execute(&plan, &stick.job(), &mut disk, &mut |_| {}).expect("installed");
    let content = |disk: &Vec<u8>| inspect(disk, geometry, &seen(disk, geometry)).expect("read");
    let started: Table = disk::layout::format_done(&plan.table).expect("it was new");
    gpt::write(&mut disk, &started).expect("written");
    assert!(matches!(content(&disk), Content::Installed { .. }));
    let whole = disk.clone();
    // Its first table is damaged in some way: the backup says that there is state.
    for (case, range) in [("zeros", 0..34 * 512), ("a byte", 512 + 60..512 + 61)] {
        disk[range].fill(0);
        assert!(
            matches!(content(&disk), Content::Data(_)),
            "{case}: {:?}",
            content(&disk)
        );
        disk.clone_from(&whole);
    }
    // Both are: that is a case for a person.
    disk[512 + 60] ^= 1;
    disk[(geometry.last() * 512) as usize + 60] ^= 1;
    assert!(matches!(content(&disk), Content::Data(_)));
    // Somebody else's table, with our mark still there.
    disk.clone_from(&whole);
    let mut other = started;
    other.disk_guid = gpt::Uuid::from_u128(1);
    gpt::write(&mut disk, &other).expect("written");
    assert!(matches!(content(&disk), Content::Data(_)));
}
