//! What an installation writes.

use crate::judge;
use crate::stick::{DISK, FileDisk, Stick, bytes};
use disk::gpt::{self, Table};
use disk::layout::{PartitionRole, complete};
use disk::{Sector, Store};
use formats::fat;
use installer::{Content, Doing, Failure, execute, inspect, signatures};
use std::fs::File;
use std::path::Path;

fn disk(path: &Path) -> FileDisk {
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path);
    let file = file.expect("opened");
    file.set_len(DISK).expect("as long as a disk");
    FileDisk(file)
}

fn installed(path: &Path, sector: Sector, stick: &Stick) -> Table {
    let mut disk = disk(path);
    let plan = stick.plan(
        FileDisk::geometry(sector),
        &signatures(path).expect("wipefs"),
    );
    let mut said = Vec::new();
    execute(&plan, &stick.job(), &mut disk, &mut |doing| {
        said.push(doing)
    })
    .expect("installed");
    let last = Doing {
        what: "writing the system",
        percent: Some(100),
    };
    assert!(said.contains(&last), "{said:?}");
    plan.table
}

#[test]
fn foreign_programs_find_it_good_on_sectors_of_either_size() {
    let stick = Stick::new();
    for sector in [Sector::Bytes512, Sector::Bytes4096] {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("disk");
        let table = installed(&path, sector, &stick);
        judge::table(&path, sector);
        let part = folder.path().join("part");
        let part_text = part.to_str().expect("a plain path");
        for (role, label, files) in [
            (PartitionRole::Boot, "BOOT", &stick.boot),
            (PartitionRole::Config, "CONFIG", &stick.config),
        ] {
            let extent = table.extent(table.role(role).expect("it is there"));
            judge::partition(&path, extent, &part);
            judge::run("fsck.fat", &["-n", part_text]);
            let volume = fat::open(
                File::options()
                    .read(true)
                    .write(true)
                    .open(&part)
                    .expect("opened"),
            );
            let volume = volume.expect("a volume");
            assert_eq!(volume.label().expect("read").as_deref(), Some(label));
            for (name, content) in files {
                let found = volume.read_file(name, 4 << 20).expect("it is there");
                assert!(found == *content, "{name}");
            }
            // Linux mounts no volume that counts in smaller sectors than its disk.
            let counts = &bytes(&File::open(&part).expect("opened"))[11..13];
            assert_eq!(
                u64::from(u16::from_le_bytes([counts[0], counts[1]])),
                sector.bytes()
            );
        }
        let extent = table.extent(table.role(PartitionRole::RootA).expect("it is there"));
        judge::partition(&path, extent, &part);
        let (offset, hash) = (stick.wanted.size.to_string(), stick.wanted.hash.to_string());
        let offset = format!("--hash-offset={offset}");
        judge::run(
            "veritysetup",
            &["verify", part_text, part_text, &hash, &offset],
        );
    }
}

#[test]
fn the_first_boot_has_nothing_to_add_and_the_stick_knows_its_work() {
    let stick = Stick::new();
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("disk");
    let table = installed(&path, Sector::Bytes512, &stick);
    let geometry = FileDisk::geometry(Sector::Bytes512);
    let mut file = disk(&path);
    let completed = complete(&mut file, geometry, || panic!("nothing is drawn again"));
    let completed = completed.expect("a Holdfast disk");
    assert!(completed.notes.is_empty(), "{:?}", completed.notes);
    assert_eq!(completed.table, table);
    assert!(
        table.state().is_some_and(|state| state.is_new),
        "the first boot formats it"
    );
    let content = inspect(&file, geometry, &signatures(&path).expect("wipefs")).expect("read");
    let expected = Content::Installed {
        key: "a key".into(),
        release: "0.1.0".into(),
    };
    assert_eq!(content, expected);
    let mut guids: Vec<_> = table
        .partitions
        .iter()
        .map(|partition| partition.guid)
        .collect();
    guids.push(table.disk_guid);
    guids.sort();
    guids.dedup();
    assert_eq!(guids.len(), 6, "identities of their own");
}

/// A disk that keeps something else than it was given, at one place.
struct Lying {
    disk: FileDisk,
    at: u64,
}

impl Store for Lying {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        self.disk.read_at(offset, buffer)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
        let mut kept = bytes.to_vec();
        if (offset..offset + bytes.len() as u64).contains(&self.at) {
            kept[(self.at - offset) as usize] ^= 1;
        }
        self.disk.write_at(offset, &kept)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl installer::Target for Lying {
    fn length(&self) -> u64 {
        DISK
    }

    fn read_back(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        self.read_at(offset, buffer)
    }

    fn reread_table(&mut self) {}
}

#[test]
fn a_disk_that_keeps_something_else_is_never_left_with_a_table() {
    let stick = Stick::new();
    let geometry = FileDisk::geometry(Sector::Bytes512);
    let plan = stick.plan(geometry, &[]);
    let at = |role| {
        plan.table
            .extent(plan.table.role(role).expect("it is there"))
            .offset
    };
    let root = at(PartitionRole::RootA);
    for (case, wrong) in [
        ("in the root", root + 5 * 4096),
        ("in its tree", root + stick.wanted.size + 4096),
        ("in the first table", 512 + 60),
    ] {
        let folder = tempfile::tempdir().expect("folder");
        let mut lying = Lying {
            disk: disk(&folder.path().join("disk")),
            at: wrong,
        };
        let done = execute(&plan, &stick.job(), &mut lying, &mut |_| {});
        let failure = done.expect_err(case);
        assert!(
            matches!(failure, Failure::Root(_) | Failure::Differs(_)),
            "{case}: {failure:?}"
        );
        assert!(gpt::read(&lying.disk, geometry).primary.is_err(), "{case}");
    }
}
