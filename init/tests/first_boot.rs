//! The first boot's table writes, cut at every moment, judged by `sgdisk`.

use init::disk::{
    Change, Copies, Note, Role, SettleError, Store, Table, TableError, format_done, plan, read,
    settle, write,
};
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

const SECTOR: u64 = 512;
const MIB: u64 = 1024 * 1024;
/// The flashed image: boot, CONFIG, root-a, sizes cut down.
const IMAGE: u64 = 40 * MIB;
const DISK: u64 = 1400 * MIB;

/// A write as it reached the disk: offset and bytes.
type Write = (u64, Vec<u8>);

/// A disk that keeps every write, so that a power cut can be played after any of them.
struct Recorder {
    file: File,
    writes: Vec<Write>,
    flushes: Vec<usize>,
}

impl Store for Recorder {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_at(offset, buffer)
    }
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.writes.push((offset, bytes.to_vec()));
        self.file.write_at(offset, bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.flushes.push(self.writes.len());
        Ok(())
    }
}

fn sgdisk(arguments: &[&str], disk: &Path) -> String {
    let output = Command::new("sgdisk")
        .args(arguments)
        .arg(disk)
        .output()
        .expect("sgdisk runs");
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// An image as the builder writes it, put on a larger disk.
fn flashed(folder: &Path) -> PathBuf {
    let path = folder.join("disk");
    let file = File::create(&path).expect("create");
    file.set_len(IMAGE).expect("size");
    let said = sgdisk(
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
        &path,
    );
    assert!(said.contains("successfully"), "{said}");
    file.set_len(DISK).expect("grow");
    path
}

fn open(path: &Path) -> File {
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .expect("open")
}

fn sectors(store: &File) -> u64 {
    store.metadata().expect("size").len() / SECTOR
}

/// What a boot does to the table; `seed` stands for the randomness of that boot.
fn boot(store: &mut impl Store, sectors: u64, seed: u8) -> (Table, Vec<Change>) {
    let mut next = seed;
    let random = || {
        next = next.wrapping_add(1);
        [next; 16]
    };
    let settled = settle(store, (SECTOR, sectors), random).expect("a table");
    let mut changes = Vec::new();
    for note in settled.notes {
        match note {
            Note::Mended => {}
            Note::Changed(made) => changes = made,
            Note::NotMended(error) | Note::NotChanged(_, error) => panic!("{error}"),
        }
    }
    (settled.table, changes)
}

fn layout(table: &Table) -> Vec<(String, u64, u64)> {
    table
        .partitions()
        .map(|(_, e)| {
            (
                e.partition_name.as_str().to_owned(),
                e.starting_lba,
                e.ending_lba,
            )
        })
        .collect()
}

fn assert_judged_good(disk: &Path) {
    let said = sgdisk(&["-v"], disk);
    assert!(said.contains("No problems found"), "{said}");
}

#[test]
fn the_first_boot_completes_the_table_and_the_second_leaves_it() {
    let folder = tempfile::tempdir().expect("folder");
    let path = flashed(folder.path());
    let mut file = open(&path);
    let count = sectors(&file);
    let flashed = read(&file, SECTOR, count).current().expect("whole");
    let (table, changes) = boot(&mut file, count, 0);
    assert_eq!(
        changes,
        [Change::MoveBackup, Change::AddRootB, Change::AddState]
    );
    assert_judged_good(&path);
    let names: Vec<_> = layout(&table).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["boot", "CONFIG", "root-a", "root-b", "state-new"]);
    let size = |role| {
        table
            .role(role)
            .map(|(_, e)| e.ending_lba - e.starting_lba + 1)
    };
    assert_eq!(size(Role::RootA), size(Role::RootB));
    let kind = |role| table.role(role).map(|(_, e)| e.partition_type_guid);
    assert_eq!(kind(Role::RootA), kind(Role::RootB));
    assert_ne!(
        table.disk, flashed.disk,
        "two cards of one image must be two disks"
    );
    for ((_, new), (_, old)) in table.partitions().zip(flashed.partitions()) {
        assert_ne!(new.unique_partition_guid, old.unique_partition_guid);
    }
    let done = format_done(&table).expect("state-new becomes state");
    write(&mut file, &done).expect("written");
    assert_judged_good(&path);
    let (again, changes) = boot(&mut file, count, 100);
    assert_eq!((again, changes), (done.clone(), Vec::new()));
    assert_eq!(format_done(&done), None, "never formatted twice");
}

#[test]
fn a_grown_disk_grows_state() {
    let folder = tempfile::tempdir().expect("folder");
    let path = flashed(folder.path());
    let mut file = open(&path);
    let count = sectors(&file);
    let (before, _) = boot(&mut file, count, 0);
    file.set_len(DISK + 500 * MIB).expect("grow");
    let count = sectors(&file);
    let (after, changes) = boot(&mut file, count, 0);
    assert_eq!(changes, [Change::MoveBackup, Change::GrowState]);
    assert_judged_good(&path);
    let end = |table: &Table| {
        table
            .role(Role::StateNew)
            .map(|(_, e)| e.ending_lba)
            .expect("state")
    };
    assert_eq!(end(&after) - end(&before), 500 * MIB / SECTOR);
    assert_eq!(after.disk, before.disk);
}

#[test]
fn a_small_disk_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().expect("folder");
    let path = flashed(folder.path());
    let file = open(&path);
    file.set_len(600 * MIB).expect("size");
    let count = sectors(&file);
    let table = read(&file, SECTOR, count).current().expect("whole");
    let error = plan(&table, count, || [1; 16]).expect_err("too small");
    assert_eq!(
        error.to_string(),
        "the disk is too small: 554 MiB are left for state, 1024 MiB are needed"
    );
}

/// Every state of the disk in which a power cut can leave it: a prefix of the writes, the last of them torn anywhere,
/// and writes between two flushes in any order as far as each is alone between them.
fn cuts(writes: &[Write]) -> Vec<(String, Vec<Write>)> {
    let mut cuts = vec![("nothing written".to_owned(), Vec::new())];
    for (number, (offset, bytes)) in writes.iter().enumerate() {
        let whole = &writes[..number];
        let mut torn = |name: String, parts: Vec<Write>| {
            let mut state = whole.to_vec();
            state.extend(parts);
            cuts.push((format!("write {number} {name}"), state));
        };
        let steps = (bytes.len() / SECTOR as usize).max(1);
        for sector in (0..steps).filter(|s| *s < 4 || s % 8 == 0 || *s + 3 > steps) {
            let at = sector * SECTOR as usize;
            // Up to here, and the sector itself torn in its middle.
            torn(
                format!("cut before sector {sector}"),
                vec![(*offset, bytes[..at].to_vec())],
            );
            torn(
                format!("torn in sector {sector}"),
                vec![(*offset, bytes[..at + 200].to_vec())],
            );
            // A drive may write the later sectors first.
            torn(
                format!("only from sector {sector}"),
                vec![(offset + at as u64, bytes[at..].to_vec())],
            );
        }
    }
    cuts
}

#[test]
fn a_power_cut_at_any_write_leaves_a_whole_table_and_the_next_boot_completes_it() {
    let folder = tempfile::tempdir().expect("folder");
    let path = flashed(folder.path());
    let pristine = regions(&open(&path));
    let count = sectors(&open(&path));
    let mut recorder = Recorder {
        file: open(&path),
        writes: Vec::new(),
        flushes: Vec::new(),
    };
    let (expected, _) = boot(&mut recorder, count, 0);
    let done = format_done(&expected).expect("state-new");
    let first = recorder.writes.len();
    write(&mut recorder, &done).expect("written");
    assert_eq!(first, 3, "backup, primary, protective MBR");
    assert_eq!(
        recorder.flushes,
        [1, 2, 3, 4, 5],
        "each write is flushed before the next"
    );
    let cuts = cuts(&recorder.writes);
    assert!(cuts.len() > 100);
    for (number, (case, state)) in cuts.iter().enumerate() {
        restore(&path, &pristine, state);
        let mut file = open(&path);
        if number % 5 == 0 {
            let said = sgdisk(&["-p"], &path);
            assert!(
                said.contains("root-a") && said.contains("CONFIG"),
                "{case}: {said}"
            );
        }
        let (table, _) = boot(&mut file, count, 50);
        assert_eq!(layout_as_new(&table), layout(&expected), "{case}");
        let (again, changes) = boot(&mut file, count, 90);
        assert_eq!(
            (again, changes),
            (table, Vec::new()),
            "{case}: the boot after"
        );
        assert_judged_good(&path);
    }
}

/// The layout, with a formatted state partition called as before.
fn layout_as_new(table: &Table) -> Vec<(String, u64, u64)> {
    let mut layout = layout(table);
    for (name, ..) in layout.iter_mut().filter(|(name, ..)| name == "state") {
        *name = "state-new".into();
    }
    layout
}

/// The parts of the disk that tables lie in.
const REGIONS: [(u64, usize); 3] = [
    (0, 40 * 512),
    (IMAGE - 40 * 512, 40 * 512),
    (DISK - 40 * 512, 40 * 512),
];

fn regions(file: &File) -> Vec<Write> {
    REGIONS
        .iter()
        .map(|(offset, length)| {
            let mut bytes = vec![0; *length];
            file.read_at(*offset, &mut bytes).expect("read");
            (*offset, bytes)
        })
        .collect()
}

fn restore(path: &Path, pristine: &[Write], writes: &[Write]) {
    let mut file = open(path);
    for (offset, bytes) in pristine.iter().chain(writes) {
        file.write_at(*offset, bytes).expect("write");
    }
}

#[test]
fn either_damaged_copy_is_made_whole_from_the_other() {
    let folder = tempfile::tempdir().expect("folder");
    let path = flashed(folder.path());
    let mut file = open(&path);
    let count = sectors(&file);
    let (table, _) = boot(&mut file, count, 0);
    for (case, offset) in [
        ("primary header", 512),
        ("primary entries", 1024),
        ("backup header", DISK - 512),
        ("backup entries", DISK - 33 * 512),
    ] {
        file.write_at(offset, &[0xa5; 100]).expect("damage");
        let (mended, changes) = boot(&mut file, count, 7);
        assert_eq!((&mended, changes), (&table, Vec::new()), "{case}");
        assert_judged_good(&path);
    }
    file.write_at(512, &[0xa5; 100]).expect("damage");
    file.write_at(DISK - 512, &[0xa5; 100]).expect("damage");
    let Copies { primary, backup } = read(&file, SECTOR, count);
    assert!(matches!(primary, Err(TableError::Damaged { sector: 1, .. })) && backup.is_err());
}

/// A disk that takes no writes from this byte on, or between these.
struct Failing {
    file: File,
    bad: std::ops::Range<u64>,
}

impl Store for Failing {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_at(offset, buffer)
    }
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if self.bad.contains(&offset) {
            return Err(io::ErrorKind::Other.into());
        }
        self.file.write_at(offset, bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_backup_that_cannot_be_written_stops_only_the_first_boot() {
    let folder = tempfile::tempdir().expect("folder");
    let path = flashed(folder.path());
    let (start, end) = (0..MIB, MIB..u64::MAX);
    let settle = |bad: &std::ops::Range<u64>| {
        let file = open(&path);
        let count = sectors(&file);
        let bad = bad.clone();
        settle(&mut Failing { file, bad }, (SECTOR, count), || [3; 16])
    };
    let error = settle(&end).expect_err("the first boot cannot do without state");
    assert!(matches!(error, SettleError::Write(_)), "{error}");
    let mut file = open(&path);
    let (table, _) = boot(&mut file, DISK / SECTOR, 0);

    file.write_at(DISK - 512, &[0xa5; 100]).expect("damage");
    let settled = settle(&end).expect("the primary is whole");
    assert_eq!(settled.table, table);
    assert!(!settled.wrote());
    assert!(
        matches!(settled.notes[..], [Note::NotMended(_)]),
        "{:?}",
        settled.notes
    );

    file.set_len(DISK + 500 * MIB).expect("grow");
    let settled = settle(&end).expect("the primary is whole");
    assert_eq!(settled.table, table, "not grown");
    assert!(
        matches!(settled.notes[..], [Note::NotChanged(..)]),
        "{:?}",
        settled.notes
    );
    assert_eq!(
        read(&file, SECTOR, sectors(&file))
            .current()
            .expect("the primary"),
        table
    );

    file.set_len(DISK).expect("shrink");
    boot(&mut file, DISK / SECTOR, 0);
    file.write_at(512, &[0xa5; 100]).expect("damage");
    let error = settle(&start).expect_err("the primary must be written");
    assert!(matches!(error, SettleError::Write(_)), "{error}");
}

#[test]
fn a_header_that_lies_is_refused_without_panic() {
    let folder = tempfile::tempdir().expect("folder");
    let path = flashed(folder.path());
    let file = open(&path);
    let count = sectors(&file);
    let mut header = vec![0; 92];
    file.read_at(512, &mut header).expect("read");
    for (case, at, value) in [
        ("huge number of entries", 80, u32::MAX),
        ("odd size of entries", 84, 77),
        ("own place", 24, 9),
        ("backup beyond the disk", 36, u32::MAX),
        ("array beyond the disk", 76, u32::MAX),
        ("first usable inside the table", 40, 1),
    ] {
        let mut lying = header.clone();
        lying[at..at + 4].copy_from_slice(&value.to_le_bytes());
        lying[16..20].copy_from_slice(&[0; 4]);
        let crc = crc32(&lying);
        lying[16..20].copy_from_slice(&crc.to_le_bytes());
        let mut copy = open(&path);
        copy.write_at(512, &lying).expect("write");
        assert!(read(&copy, SECTOR, count).primary.is_err(), "{case}");
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                crc >> 1 ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    })
}
