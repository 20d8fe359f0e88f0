use std::process::Command;

use proptest::prelude::*;

use super::*;
use crate::{Geometry, Sector};

const MIB: u64 = 1024 * 1024;

fn parts() -> Vec<NewPartition> {
    let part = |name: &str, type_guid, size| NewPartition {
        name: name.into(),
        type_guid,
        guid: derive_guid(b"test", name),
        size,
        attributes: 0,
    };
    vec![
        part("boot", types::ESP, 4 * MIB),
        part("CONFIG", types::BASIC_DATA, 2 * MIB),
        part("root-a", types::ROOT_X86_64, 3 * MIB - 5),
    ]
}

fn table() -> Table {
    plan(Sector::Bytes512, None)
}

fn plan(sector: Sector, disk_size: Option<u64>) -> Table {
    Table::plan(sector, derive_guid(b"test", "disk"), &parts(), disk_size).unwrap()
}

fn written(table: &Table) -> Vec<u8> {
    let mut disk = vec![0; table.disk_size() as usize];
    create(&mut disk, table).unwrap();
    disk
}

fn copies(disk: &Vec<u8>, sector: Sector) -> Copies {
    read(disk, Geometry::new(sector, disk.len() as u64))
}

#[test]
fn dump_is_golden() {
    let expected = "\
gpt disk d5660945-a307-8062-984e-2823951714c1 sectors 22528 usable 34-22494
  1 boot               2048-10239          4 MiB esp guid 9edad2f4-fc35-82c5-8e6c-4db18c72cb72 attributes 0x0
  2 CONFIG            10240-14335          2 MiB data guid 333cfb7f-3671-8dab-8c67-fd09d3fd87ff attributes 0x0
  3 root-a            14336-20479          3 MiB root-x86-64 guid 81c684bf-619b-882d-bacc-4c9b23fe892b attributes 0x0
";
    let dump = table().to_string();
    assert_eq!(dump, expected, "{dump}");
}

#[test]
fn digest_is_pinned() {
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(written(&table()));
    let hex: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(
        hex,
        "f18d1bbada6ac36af9eaf7878bd59e17427ebefbb4dd55afa17ccafa52159994"
    );
}

#[test]
fn dump_of_large_sectors_is_golden() {
    let expected = "\
gpt disk d5660945-a307-8062-984e-2823951714c1 sectors 2816 usable 6-2810
  1 boot                256-1279           4 MiB esp guid 9edad2f4-fc35-82c5-8e6c-4db18c72cb72 attributes 0x0
  2 CONFIG             1280-1791           2 MiB data guid 333cfb7f-3671-8dab-8c67-fd09d3fd87ff attributes 0x0
  3 root-a             1792-2559           3 MiB root-x86-64 guid 81c684bf-619b-882d-bacc-4c9b23fe892b attributes 0x0
";
    let dump = plan(Sector::Bytes4096, None).to_string();
    assert_eq!(dump, expected, "{dump}");
}

#[test]
fn reads_back_what_was_written() {
    for sector in [Sector::Bytes512, Sector::Bytes4096] {
        let table = plan(sector, None);
        let found = copies(&written(&table), sector);
        assert_eq!(
            (found.primary, found.backup),
            (Ok(table.clone()), Ok(table))
        );
    }
}

#[test]
fn sgdisk_finds_nothing_wrong() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), written(&table())).unwrap();
    let run = Command::new("sgdisk")
        .arg("-v")
        .arg(file.path())
        .output()
        .expect("sgdisk is needed");
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success() && text.contains("No problems found."),
        "{text}"
    );
    let run = Command::new("sgdisk")
        .arg("-i=3")
        .arg(file.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&run.stdout).to_lowercase();
    let guid = derive_guid(b"test", "root-a").to_string();
    assert!(text.contains(&guid) && text.contains("'root-a'"), "{text}");
}

/// A hybrid MBR shows the partitions of its list to readers of MBRs, and leaves the GPT to all others.
#[test]
fn a_hybrid_mbr_is_read_both_ways() {
    let table = table();
    let mut disk = vec![0; table.disk_size() as usize];
    create_hybrid(&mut disk, &table, &[0x0c, 0x0e]).unwrap();
    assert_eq!(copies(&disk, Sector::Bytes512).primary, Ok(table.clone()));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &disk).unwrap();
    let judged = |program: &str, arguments: &[&str]| {
        let mut judge = Command::new(program);
        let run = judge.args(arguments).arg(file.path()).output();
        let run = run.unwrap_or_else(|error| panic!("{program} is needed: {error}"));
        assert!(run.status.success(), "{run:?}");
        String::from_utf8_lossy(&run.stdout).into_owned()
    };
    let gpt = judged("sgdisk", &["-v"]);
    assert!(gpt.contains("No problems found."), "{gpt}");
    let dump = judged("sfdisk", &["--label-nested=dos", "--dump"]);
    let entry = |number: usize| {
        let line = dump
            .lines()
            .find(|line| line.contains(&format!("{number} : ")));
        let fields = line.and_then(|line| Some(line.split_once(" : ")?.1.replace(' ', "")));
        fields.unwrap_or_default()
    };
    assert_eq!(entry(1), "start=2048,size=8192,type=c", "{dump}");
    assert_eq!(entry(2), "start=10240,size=4096,type=e", "{dump}");
    assert_eq!(entry(3), "start=1,size=2047,type=ee", "{dump}");
    // A later write of the table leaves the MBR as it is.
    let before = disk[..512].to_vec();
    write(&mut disk, &table).unwrap();
    assert_eq!(disk[..512], before);
}

/// `sgdisk` takes every file for a disk of 512-byte sectors; `fdisk` can be told.
#[test]
fn fdisk_reads_large_sectors() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), written(&plan(Sector::Bytes4096, None))).unwrap();
    let run = Command::new("fdisk")
        .args(["--sector-size", "4096", "--list-details"])
        .arg(file.path())
        .output()
        .expect("fdisk is needed");
    let text = String::from_utf8_lossy(&run.stdout).to_lowercase();
    let guid = derive_guid(b"test", "root-a").to_string();
    assert!(run.status.success() && run.stderr.is_empty(), "{run:?}");
    assert!(text.contains("1792") && text.contains("2559"), "{text}");
    assert!(text.contains(&guid) && text.contains("root-a"), "{text}");
}

#[test]
fn a_larger_disk_has_its_backup_at_its_end() {
    for sector in [Sector::Bytes512, Sector::Bytes4096] {
        let table = plan(sector, Some(64 * MIB));
        assert_eq!(table.disk_size(), 64 * MIB);
        let found = copies(&written(&table), sector);
        assert_eq!(found.backup, Ok(table));
    }
}

#[test]
fn one_damaged_copy_is_survived_and_named() {
    for sector in [Sector::Bytes512, Sector::Bytes4096] {
        let table = plan(sector, None);
        let unit = sector.bytes() as usize;
        let mut disk = written(&table);
        disk[unit + 60] ^= 1;
        let found = copies(&disk, sector);
        assert_eq!(found.primary, Err(Damage::HeaderChecksum));
        assert_eq!(found.current(), Ok(table.clone()));

        let mut disk = written(&table);
        let end = disk.len();
        disk[end - unit - (4 * 4096 - 5 * 128)] ^= 1;
        let found = copies(&disk, sector);
        assert_eq!(
            (found.primary, found.backup),
            (Ok(table), Err(Damage::EntriesChecksum))
        );
    }
}

#[test]
fn an_image_on_a_larger_disk_keeps_its_old_backup() {
    let table = table();
    let mut disk = written(&table);
    disk.resize(64 * MIB as usize, 0);
    let found = copies(&disk, Sector::Bytes512);
    assert_eq!(
        (found.primary, found.backup),
        (Ok(table.clone()), Ok(table))
    );
}

#[test]
fn nothing_there_says_so_for_both_copies() {
    let disk = vec![0; 8192];
    for sector in [Sector::Bytes512, Sector::Bytes4096] {
        let error = copies(&disk, sector).current().unwrap_err();
        assert_eq!(
            error.to_string(),
            "no usable partition table; at the start: no GPT signature; at the end: no GPT signature"
        );
    }
}

#[test]
fn what_would_not_be_read_back_is_not_written() {
    let good = table();
    let change = |edit: &dyn Fn(&mut Table)| {
        let mut table = good.clone();
        edit(&mut table);
        table
    };
    for (case, table) in [
        ("number 0", change(&|t| t.partitions[0].number = 0)),
        ("number twice", change(&|t| t.partitions[1].number = 1)),
        ("overlap", change(&|t| t.partitions[1].first_lba = 2048)),
        ("outside", change(&|t| t.partitions[2].last_lba = 1 << 40)),
        ("no room", change(&|t| t.sectors = 60)),
    ] {
        let mut disk = written(&good);
        let error = write(&mut disk, &table).expect_err(case);
        assert!(matches!(error, WriteError::Invalid(_)), "{case}: {error}");
        assert!(disk == written(&good), "{case}");
    }
}

#[test]
fn bad_plans_are_refused() {
    let mut long = parts();
    long[0].name = "x".repeat(37);
    let mut twin = parts();
    twin[2].guid = twin[0].guid;
    let mut empty = parts();
    empty[1].size = 0;
    let cases = [
        (long, None, "has 37 UTF-16 units, a GPT holds 36"),
        (
            twin,
            None,
            "partitions `boot` and `root-a` have the same GUID",
        ),
        (empty, None, "partition `CONFIG` has no size"),
        (
            parts(),
            Some(10 * MIB),
            "the partitions need 11534336 bytes, the disk has 10485760",
        ),
        (parts(), Some(64 * MIB + 1), "not a multiple of 512"),
    ];
    for (parts, size, message) in cases {
        let error = Table::plan(Sector::Bytes512, derive_guid(b"", ""), &parts, size)
            .unwrap_err()
            .to_string();
        assert!(error.contains(message), "{error}");
    }
    let error = Table::plan(
        Sector::Bytes4096,
        derive_guid(b"", ""),
        &parts(),
        Some(64 * MIB + 512),
    );
    let error = error.unwrap_err().to_string();
    assert!(error.contains("not a multiple of 4096"), "{error}");
}

#[test]
fn boot_code_is_left_alone() {
    let table = table();
    let mut disk = vec![0x90; table.disk_size() as usize];
    create(&mut disk, &table).unwrap();
    assert!(disk[..446].iter().all(|b| *b == 0x90));
    assert_eq!(disk[510..512], [0x55, 0xaa]);
}

#[test]
fn a_hybrid_mbr_is_left_alone_and_a_protective_one_fitted() {
    let table = table();
    let larger = plan(Sector::Bytes512, Some(64 * MIB));
    let mut disk = written(&table);
    disk.resize(64 * MIB as usize, 0);
    write(&mut disk, &larger).unwrap();
    assert_eq!(disk[458..462], (larger.sectors as u32 - 1).to_le_bytes());
    let mut hybrid = written(&table);
    hybrid.resize(64 * MIB as usize, 0);
    hybrid[446 + 16 + 4] = 0x0c;
    let before = hybrid[..512].to_vec();
    write(&mut hybrid, &larger).unwrap();
    assert!(hybrid[..512] == before);
    // A new table's disk may have any MBR.
    create(&mut hybrid, &larger).unwrap();
    assert!(hybrid[446..512] == disk[446..512]);
}

proptest! {
    #[test]
    fn reader_never_panics(
        mut edits in proptest::collection::vec((0_usize..40 * 512, any::<u8>()), 1..20),
        fix_checksums in any::<bool>(),
        large in any::<bool>(),
    ) {
        let sector = if large { Sector::Bytes4096 } else { Sector::Bytes512 };
        let unit = sector.bytes() as usize;
        let mut disk = written(&plan(sector, None));
        let end = disk.len();
        for (at, value) in edits.drain(..) {
            disk[at] = value;
        }
        disk[end - unit] = 0;
        if fix_checksums {
            let entries = crc32fast::hash(&disk[2 * unit..2 * unit + 128 * 128]);
            disk[unit + 88..unit + 92].copy_from_slice(&entries.to_le_bytes());
            disk[unit + 16..unit + 20].fill(0);
            let header = crc32fast::hash(&disk[unit..unit + 92]);
            disk[unit + 16..unit + 20].copy_from_slice(&header.to_le_bytes());
        }
        if let Ok(table) = copies(&disk, sector).current() {
            for p in &table.partitions {
                let extent = table.extent(p);
                prop_assert!(extent.offset + extent.size <= end as u64);
            }
            prop_assert!(!table.to_string().is_empty());
            prop_assert!(write(&mut disk, &table).is_ok());
            prop_assert_eq!(copies(&disk, sector).current(), Ok(table));
        }
    }
}
