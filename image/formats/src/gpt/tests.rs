use std::io::Cursor;
use std::process::Command;

use proptest::prelude::*;

use super::*;

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
    Table::plan(derive_guid(b"test", "disk"), &parts(), None).unwrap()
}

fn written(table: &Table) -> Cursor<Vec<u8>> {
    let mut disk = Cursor::new(vec![0; table.disk_size() as usize]);
    write(&mut disk, table).unwrap();
    disk
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
    let digest = Sha256::digest(written(&table()).get_ref());
    let hex: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(
        hex,
        "f18d1bbada6ac36af9eaf7878bd59e17427ebefbb4dd55afa17ccafa52159994"
    );
}

#[test]
fn reads_back_what_was_written() {
    let table = table();
    let found = read(&mut written(&table)).unwrap();
    assert_eq!(
        found,
        Found {
            table,
            primary: None,
            backup: None
        }
    );
}

#[test]
fn sgdisk_finds_nothing_wrong() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), written(&table()).get_ref()).unwrap();
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

#[test]
fn a_larger_disk_has_its_backup_at_its_end() {
    let table = Table::plan(derive_guid(b"test", "disk"), &parts(), Some(64 * MIB)).unwrap();
    assert_eq!(table.disk_size(), 64 * MIB);
    assert_eq!(read(&mut written(&table)).unwrap().table, table);
}

#[test]
fn one_damaged_copy_is_survived_and_named() {
    let table = table();
    let mut disk = written(&table);
    disk.get_mut()[512 + 60] ^= 1;
    let found = read(&mut disk).unwrap();
    assert_eq!(found.table, table);
    assert_eq!(found.primary, Some(Damage::HeaderChecksum));

    let mut disk = written(&table);
    let end = disk.get_ref().len();
    disk.get_mut()[end - 512 - 100] ^= 1;
    let found = read(&mut disk).unwrap();
    assert_eq!(
        (found.table, found.backup),
        (table, Some(Damage::EntriesChecksum))
    );
}

#[test]
fn an_image_on_a_larger_disk_keeps_its_old_backup() {
    let table = table();
    let mut disk = written(&table);
    disk.get_mut().resize(64 * MIB as usize, 0);
    assert_eq!(
        read(&mut disk).unwrap(),
        Found {
            table,
            primary: None,
            backup: None
        }
    );
}

#[test]
fn nothing_there_says_so_for_both_copies() {
    let error = read(&mut Cursor::new(vec![0; 4096])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no usable partition table; at the start: no GPT signature; at the end: no GPT signature"
    );
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
        let error = Table::plan(derive_guid(b"", ""), &parts, size)
            .unwrap_err()
            .to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn boot_code_is_left_alone() {
    let table = table();
    let mut disk = Cursor::new(vec![0x90; table.disk_size() as usize]);
    write(&mut disk, &table).unwrap();
    assert!(disk.get_ref()[..446].iter().all(|b| *b == 0x90));
    assert_eq!(disk.get_ref()[510..512], [0x55, 0xaa]);
}

proptest! {
    #[test]
    fn reader_never_panics(
        mut edits in proptest::collection::vec((0_usize..40 * 512, any::<u8>()), 1..20),
        fix_checksums in any::<bool>(),
    ) {
        let mut disk = written(&table());
        let end = disk.get_ref().len();
        for (at, value) in edits.drain(..) {
            disk.get_mut()[at] = value;
        }
        disk.get_mut()[end - 512] = 0;
        if fix_checksums {
            let image = disk.get_mut();
            let entries = crc32fast::hash(&image[1024..1024 + 128 * 128]);
            image[512 + 88..512 + 92].copy_from_slice(&entries.to_le_bytes());
            image[512 + 16..512 + 20].fill(0);
            let header = crc32fast::hash(&image[512..512 + 92]);
            image[512 + 16..512 + 20].copy_from_slice(&header.to_le_bytes());
        }
        if let Ok(found) = read(&mut disk) {
            for p in &found.table.partitions {
                prop_assert!(p.offset() + p.size() <= end as u64);
            }
            prop_assert!(!found.table.to_string().is_empty());
        }
    }
}
