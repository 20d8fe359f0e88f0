//! The first boot's writes, cut at every moment.

use crate::flashed::{DISK, Flashed, IMAGE, SECTORS, boot, flashed, places};
use crate::judge;
use disk::gpt::{Table, write};
use disk::layout::format_done;
use disk::{Sector, Store};
use std::fs::File;
use std::io;

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

/// Every state of the disk in which a power cut can leave it: a prefix of the writes, the last of them torn anywhere,
/// and writes between two flushes in any order as far as each is alone between them.
fn cuts(writes: &[Write], sector: Sector) -> Vec<(String, Vec<Write>)> {
    let unit = sector.bytes() as usize;
    let mut cuts = vec![("nothing written".to_owned(), Vec::new())];
    for (number, (offset, bytes)) in writes.iter().enumerate() {
        let whole = &writes[..number];
        let mut torn = |name: String, parts: Vec<Write>| {
            let mut state = whole.to_vec();
            state.extend(parts);
            cuts.push((format!("write {number} {name}"), state));
        };
        let steps = (bytes.len() / unit).max(1);
        for step in (0..steps).filter(|s| *s < 4 || s % 8 == 0 || *s + 3 > steps) {
            let at = step * unit;
            // Up to here, and the sector itself torn in its middle.
            torn(
                format!("cut before sector {step}"),
                vec![(*offset, bytes[..at].to_vec())],
            );
            torn(
                format!("torn in sector {step}"),
                vec![(*offset, bytes[..at + 200].to_vec())],
            );
            // A drive may write the later sectors first.
            torn(
                format!("only from sector {step}"),
                vec![(offset + at as u64, bytes[at..].to_vec())],
            );
        }
    }
    cuts
}

#[test]
fn a_power_cut_at_any_write_leaves_a_whole_table_and_the_next_boot_completes_it() {
    for sector in SECTORS {
        let disk = flashed(sector);
        let pristine = regions(&disk);
        let mut recorder = Recorder {
            file: disk.open(),
            writes: Vec::new(),
            flushes: Vec::new(),
        };
        let (expected, _) = boot(&mut recorder, disk.geometry(), 0);
        let done = format_done(&expected).expect("state-new");
        let first = recorder.writes.len();
        write(&mut recorder, &done).expect("written");
        assert_eq!(first, 3, "backup, primary, protective MBR");
        assert_eq!(
            recorder.flushes,
            [1, 2, 3, 4, 5],
            "each write is flushed before the next"
        );
        let cuts = cuts(&recorder.writes, sector);
        let least = match sector {
            Sector::Bytes512 => 100,
            Sector::Bytes4096 => 60,
        };
        assert!(cuts.len() > least, "{} cuts", cuts.len());
        for (number, (case, writes)) in cuts.iter().enumerate() {
            restore(&disk, &pristine, writes);
            if number % 5 == 0 {
                let said = judge::listing(&disk.path, sector);
                assert!(
                    said.contains("root-a") && said.contains("CONFIG"),
                    "{case}: {said}"
                );
            }
            let (table, _) = disk.boot(50);
            assert_eq!(places_as_new(&table), places(&expected), "{case}");
            assert_eq!(disk.boot(90), (table, Vec::new()), "{case}: the boot after");
            disk.assert_judged_good();
        }
    }
}

/// The places, with a formatted state partition called as before.
fn places_as_new(table: &Table) -> Vec<(String, u64, u64)> {
    let mut places = places(table);
    for (name, ..) in places.iter_mut().filter(|(name, ..)| name == "state") {
        *name = "state-new".into();
    }
    places
}

/// The parts of the disk that tables lie in.
fn regions(disk: &Flashed) -> Vec<Write> {
    let length = 40 * disk.sector.bytes();
    [0, IMAGE - length, DISK - length]
        .into_iter()
        .map(|offset| {
            let mut bytes = vec![0; length as usize];
            disk.open().read_at(offset, &mut bytes).expect("read");
            (offset, bytes)
        })
        .collect()
}

fn restore(disk: &Flashed, pristine: &[Write], writes: &[Write]) {
    let mut file = disk.open();
    for (offset, bytes) in pristine.iter().chain(writes) {
        file.write_at(*offset, bytes).expect("write");
    }
}
