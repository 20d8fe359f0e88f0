//! A disk with an image on it, as a file.

use crate::judge;
use disk::gpt::{NewPartition, Table, create, current, derive_guid, types};
use disk::layout::{Change, Note, complete};
use disk::{Geometry, Sector, Store};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

pub(crate) const MIB: u64 = 1024 * 1024;
/// The flashed image: boot, CONFIG, root-a, sizes cut down.
pub(crate) const IMAGE: u64 = 40 * MIB;
pub(crate) const DISK: u64 = 1400 * MIB;
pub(crate) const SECTORS: [Sector; 2] = [Sector::Bytes512, Sector::Bytes4096];

/// A disk, and the folder that it goes away with.
pub(crate) struct Flashed {
    pub(crate) path: PathBuf,
    pub(crate) sector: Sector,
    _folder: tempfile::TempDir,
}

/// An image put on a larger disk.
pub(crate) fn flashed(sector: Sector) -> Flashed {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("disk");
    let mut file = File::create_new(&path).expect("create");
    file.set_len(IMAGE).expect("size");
    match sector {
        Sector::Bytes512 => made_by_sgdisk(&path),
        Sector::Bytes4096 => create(&mut file, &image(sector)).expect("written"),
    }
    file.set_len(DISK).expect("grow");
    Flashed {
        path,
        sector,
        _folder: folder,
    }
}

fn made_by_sgdisk(path: &Path) {
    let said = judge::sgdisk(
        &[
            "-n1:1M:+8M",
            "-t1:ef00",
            "-c1:boot",
            "-n2:0:+4M",
            "-t2:0700",
            "-c2:CONFIG",
            "-n3:0:+16M",
            "-t3:8304",
            "-c3:root-a",
        ],
        path,
    );
    assert!(said.contains("successfully"), "{said}");
}

fn image(sector: Sector) -> Table {
    let part = |name: &str, type_guid, size| NewPartition {
        name: name.into(),
        type_guid,
        guid: derive_guid(b"image", name),
        size,
        attributes: 0,
    };
    let parts = [
        part("boot", types::ESP, 8 * MIB),
        part("CONFIG", types::BASIC_DATA, 4 * MIB),
        part("root-a", types::ROOT_X86_64, 16 * MIB),
    ];
    Table::plan(sector, derive_guid(b"image", "disk"), &parts, Some(IMAGE)).expect("it fits")
}

impl Flashed {
    pub(crate) fn open(&self) -> File {
        let file = OpenOptions::new().read(true).write(true).open(&self.path);
        file.expect("open")
    }

    pub(crate) fn geometry(&self) -> Geometry {
        let length = self.open().metadata().expect("size").len();
        Geometry::new(self.sector, length)
    }

    pub(crate) fn table(&self) -> Table {
        current(&self.open(), self.geometry()).expect("a whole table")
    }

    /// What a boot does to the table; `seed` stands for the randomness of that boot.
    pub(crate) fn boot(&self, seed: u8) -> (Table, Vec<Change>) {
        boot(&mut self.open(), self.geometry(), seed)
    }

    pub(crate) fn damage(&self, offset: u64) {
        let mut file = self.open();
        file.write_at(offset, &[0xa5; 100]).expect("damage");
    }

    pub(crate) fn assert_judged_good(&self) {
        judge::assert_good(&self.path, self.sector);
    }
}

/// As [`Flashed::boot`], on whatever stands for the disk.
pub(crate) fn boot(store: &mut impl Store, geometry: Geometry, seed: u8) -> (Table, Vec<Change>) {
    let mut next = seed;
    let random = || {
        next = next.wrapping_add(1);
        [next; 16]
    };
    let completed = complete(store, geometry, random).expect("a table");
    let mut changes = Vec::new();
    for note in completed.notes {
        match note {
            Note::Repaired => {}
            Note::Changed(made) => changes = made,
            Note::NotRepaired(error) | Note::NotChanged(_, error) => panic!("{error}"),
        }
    }
    (completed.table, changes)
}

/// Name, first and last sector of every partition.
pub(crate) fn places(table: &Table) -> Vec<(String, u64, u64)> {
    table
        .partitions
        .iter()
        .map(|p| (p.name.clone(), p.first_lba, p.last_lba))
        .collect()
}
