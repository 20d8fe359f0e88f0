//! Disks that do not take every write.

use crate::flashed::{DISK, MIB, SECTORS, flashed};
use disk::Store;
use disk::layout::{CompleteError, Completed, Note, complete};
use std::fs::File;
use std::io;
use std::ops::Range;

/// A disk that takes no writes that begin between these bytes.
struct Failing {
    file: File,
    bad: Range<u64>,
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
    for sector in SECTORS {
        let disk = flashed(sector);
        let boot = |bad: Range<u64>| -> Result<Completed, CompleteError> {
            let file = disk.open();
            complete(&mut Failing { file, bad }, disk.geometry(), || [3; 16])
        };
        let (start, end) = (0..MIB, MIB..u64::MAX);
        let error = boot(end.clone()).expect_err("the first boot cannot do without state");
        assert!(matches!(error, CompleteError::Write(_)), "{error}");
        let (table, _) = disk.boot(0);

        disk.damage(DISK - sector.bytes());
        let completed = boot(end.clone()).expect("the primary is whole");
        assert_eq!(completed.table, table);
        assert!(!completed.wrote());
        assert!(
            matches!(completed.notes[..], [Note::NotRepaired(_)]),
            "{:?}",
            completed.notes
        );

        disk.open().set_len(DISK + 500 * MIB).expect("grow");
        let completed = boot(end).expect("the primary is whole");
        assert_eq!(completed.table, table, "not grown");
        assert!(
            matches!(completed.notes[..], [Note::NotChanged(..)]),
            "{:?}",
            completed.notes
        );
        assert_eq!(disk.table(), table);

        disk.open().set_len(DISK).expect("shrink");
        disk.boot(0);
        disk.damage(sector.bytes());
        let error = boot(start).expect_err("the primary must be written");
        assert!(matches!(error, CompleteError::Write(_)), "{error}");
    }
}
