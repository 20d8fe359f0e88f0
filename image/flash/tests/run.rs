//! Carrying out the steps, on disks in memory that fail, lie or are pulled out. What a disk holds after each is looked at.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall stop where it is"
)]

use flash::{Done, Failure, Job, PIECE, Phase, Target, Watch, Zeroed, run};
use std::cell::Cell;
use std::io::{self, Cursor, Read};

const MIB: usize = 1 << 20;

/// What is wrong with a disk.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// Writes at or behind this offset fail.
    WriteError(u64),
    /// Reads at or behind this offset fail.
    ReadError(u64),
    /// What is written at or behind this offset is forgotten, as a card does that is smaller than it says.
    Forgets(u64),
    /// It fails to flush, the given time.
    FlushError(u32),
    /// It says that it makes zeros, and does not.
    KeepsOld,
}

struct Memory {
    bytes: Vec<u8>,
    fault: Fault,
    makes_zeros: bool,
    flushed: u32,
    sent: u64,
}

impl Memory {
    /// An old disk, full of something.
    fn new(length: usize, fault: Fault) -> Self {
        Self {
            bytes: vec![0xee; length],
            fault,
            makes_zeros: false,
            flushed: 0,
            sent: 0,
        }
    }
}

impl Target for Memory {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let end = offset + bytes.len() as u64;
        match self.fault {
            Fault::WriteError(at) if end > at => return Err(io::Error::from_raw_os_error(5)),
            Fault::Forgets(at) if end > at => return Ok(()),
            _ => {}
        }
        self.sent += bytes.len() as u64;
        let at = offset as usize;
        let room = self
            .bytes
            .get_mut(at..at + bytes.len())
            .ok_or(io::ErrorKind::StorageFull)?;
        room.copy_from_slice(bytes);
        Ok(())
    }

    fn zero_at(&mut self, offset: u64, length: u64) -> io::Result<Zeroed> {
        if !self.makes_zeros {
            return Ok(Zeroed::NotSupported);
        }
        if self.fault != Fault::KeepsOld {
            self.bytes[offset as usize..(offset + length) as usize].fill(0);
        }
        Ok(Zeroed::Done)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.flushed += 1;
        match self.fault {
            Fault::FlushError(time) if self.flushed == time => Err(io::Error::from_raw_os_error(5)),
            _ => Ok(()),
        }
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        match self.fault {
            Fault::ReadError(at) if offset + bytes.len() as u64 > at => {
                return Err(io::Error::from_raw_os_error(5));
            }
            _ => {}
        }
        bytes.copy_from_slice(&self.bytes[offset as usize..offset as usize + bytes.len()]);
        Ok(())
    }

    fn reread_table(&mut self) {}
}

/// Stops at this moment, if any.
#[derive(Default)]
struct Watcher {
    stop_in: Option<(Phase, u64)>,
    stopped: Cell<bool>,
    seen: Vec<(Phase, u64, u64)>,
}

impl Watch for Watcher {
    fn at(&mut self, phase: Phase, done: u64, total: u64) {
        self.seen.push((phase, done, total));
        let reached = self
            .stop_in
            .is_some_and(|(in_phase, at)| phase == in_phase && done >= at);
        self.stopped.set(self.stopped.get() || reached);
    }

    fn stop(&self) -> bool {
        self.stopped.get()
    }
}

/// Something everywhere, but for the third and fourth piece.
fn image(length: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..length).map(|at| (at / 512 + at) as u8 | 1).collect();
    let zeros = (2 * PIECE).min(length)..(4 * PIECE).min(length);
    bytes[zeros].fill(0);
    bytes
}

fn flash(image: &[u8], size: u64, disk: &mut Memory, watch: &mut Watcher) -> Result<Done, Failure> {
    let job = Job {
        open: Box::new(|| Ok(Box::new(Cursor::new(image.to_vec())) as Box<dyn Read + Send>)),
        size,
        patch: None,
    };
    run(job, disk, watch)
}

#[test]
fn every_length_is_written_and_older_tables_are_gone() {
    for length in [MIB, PIECE, PIECE + 512, 5 * PIECE, 5 * PIECE + MIB + 512] {
        for makes_zeros in [false, true] {
            let image = image(length);
            let mut disk = Memory::new(length + 4 * MIB, Fault::None);
            disk.makes_zeros = makes_zeros;
            let mut watch = Watcher::default();
            let done = flash(&image, length as u64, &mut disk, &mut watch).unwrap();
            assert!(disk.bytes[..length] == image, "{length}");
            assert!(
                disk.bytes[length..length + 2 * MIB]
                    .iter()
                    .all(|byte| *byte == 0xee),
                "{length}: behind it nothing is touched"
            );
            assert!(
                disk.bytes[length + 2 * MIB..].iter().all(|byte| *byte == 0),
                "{length}: an older backup is gone"
            );
            assert_eq!(done.bytes, length as u64);
            assert_eq!(
                done.zeroed > 0,
                makes_zeros && length > 3 * PIECE,
                "{length}"
            );
            // An image of one piece has no progress.
            let all = (Phase::Verify, length as u64, length as u64);
            let expected = (length > PIECE).then_some(all);
            assert_eq!(watch.seen.last(), expected.as_ref());
        }
    }
}

#[test]
fn whatever_stops_it_leaves_no_table() {
    let length = 6 * PIECE;
    let whole = image(length);
    let size = length as u64;
    let half = size / 2;
    for (name, fault, stop_in, cut, part) in [
        (
            "a write fails",
            Fault::WriteError(half),
            None,
            0,
            "cannot write at byte",
        ),
        (
            "the first write fails",
            Fault::WriteError(0),
            None,
            0,
            "cannot write at byte 0",
        ),
        (
            "a read fails",
            Fault::ReadError(half),
            None,
            0,
            "cannot read back at byte",
        ),
        (
            "it forgets",
            Fault::Forgets(half),
            None,
            0,
            "are not what was written: the card or disk is worn out, or smaller than it says",
        ),
        (
            "the first flush fails",
            Fault::FlushError(1),
            None,
            0,
            "did not confirm",
        ),
        (
            "the second flush fails",
            Fault::FlushError(2),
            None,
            0,
            "did not confirm",
        ),
        (
            "the last flush fails",
            Fault::FlushError(3),
            None,
            0,
            "did not confirm",
        ),
        (
            "stopped while writing",
            Fault::None,
            Some((Phase::Write, half)),
            0,
            "it was stopped after byte",
        ),
        (
            "stopped while comparing",
            Fault::None,
            Some((Phase::Verify, half)),
            0,
            "it was stopped after byte",
        ),
        (
            "the image ends early",
            Fault::None,
            None,
            1000,
            "the image cannot be read to its end",
        ),
    ] {
        let mut disk = Memory::new(length + 2 * MIB, fault);
        let mut watch = Watcher {
            stop_in,
            ..Watcher::default()
        };
        let failure = flash(&whole[..length - cut], size, &mut disk, &mut watch).expect_err(name);
        assert!(failure.to_string().contains(part), "{name}: {failure}");
        let first = if fault == Fault::WriteError(0) {
            0xee
        } else {
            0
        };
        assert!(
            disk.bytes[..PIECE].iter().all(|byte| *byte == first),
            "{name}: there is a table"
        );
    }
}

#[test]
fn an_image_that_goes_on_is_not_taken() {
    let length = 2 * PIECE;
    let mut disk = Memory::new(4 * PIECE, Fault::None);
    let failure = flash(
        &image(length + 512),
        length as u64,
        &mut disk,
        &mut Watcher::default(),
    )
    .expect_err("longer");
    assert!(matches!(failure, Failure::Image(_)), "{failure}");
    assert!(disk.bytes[..PIECE].iter().all(|byte| *byte == 0));
}

#[test]
fn a_disk_that_only_says_it_makes_zeros_is_found_out() {
    let length = 6 * PIECE;
    let mut disk = Memory::new(length, Fault::KeepsOld);
    disk.makes_zeros = true;
    let failure = flash(
        &image(length),
        length as u64,
        &mut disk,
        &mut Watcher::default(),
    )
    .expect_err("old bytes");
    let text = failure.to_string();
    assert!(
        text.contains(&format!("at byte {}", 2 * PIECE)) && text.contains("--write-zeros"),
        "{text}"
    );
}
