//! A disk under the slot that fails, once or for good.

use super::Case;
use crate::slot::medium::{Medium, Partition, ReadAnywhere};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::Mutex;
use std::time::Duration;
use upgrade_api::Way;

/// The third block.
const BAD: Range<u64> = 131_072..196_608;
const EVER: u32 = u32::MAX;

/// How often each goes wrong.
#[derive(Debug, Clone, Copy, Default)]
struct Faults {
    /// Writes of the bad block that are refused.
    refused: u32,
    /// Writes of it that are taken, and lost.
    lost: u32,
    /// Flushes that fail.
    flushes: u32,
    /// It cannot be read before it was written.
    unreadable: bool,
    /// Nothing can be read.
    dead: bool,
}

#[derive(Debug)]
struct BadDisk {
    partition: Partition,
    faults: Mutex<Faults>,
}

fn bad(partition: Partition, faults: Faults) -> Box<dyn Medium> {
    let faults = Mutex::new(faults);
    Box::new(BadDisk { partition, faults })
}

/// Whether it goes wrong this time.
fn happens(left: &mut u32) -> bool {
    let happens = *left > 0;
    *left = left.saturating_sub(u32::from(*left != EVER));
    happens
}

fn broken() -> io::Error {
    // As the kernel says it of a disk: EIO.
    io::Error::from_raw_os_error(5)
}

impl Medium for BadDisk {
    fn write(&self, bytes: &[u8], at: u64) -> io::Result<Duration> {
        let mut faults = self.faults.lock().expect("nobody panicked");
        if at == BAD.start {
            if happens(&mut faults.refused) {
                return Err(broken());
            }
            if happens(&mut faults.lost) {
                return Ok(Duration::ZERO);
            }
            faults.unreadable = false;
        }
        self.partition.write(bytes, at)
    }

    fn flush(&self) -> io::Result<()> {
        match happens(&mut self.faults.lock().expect("nobody panicked").flushes) {
            true => Err(broken()),
            false => self.partition.flush(),
        }
    }

    fn reader(&self) -> io::Result<Box<dyn ReadAnywhere + '_>> {
        Ok(Box::new(Reader {
            disk: self,
            inner: self.partition.reader()?,
            at: 0,
        }))
    }
}

struct Reader<'a> {
    disk: &'a BadDisk,
    inner: Box<dyn ReadAnywhere + 'a>,
    at: u64,
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let faults = *self.disk.faults.lock().expect("nobody panicked");
        // Up to the bad block, as a disk does.
        let before = BAD.start.saturating_sub(self.at) as usize;
        let room = match before {
            0 if faults.dead || faults.unreadable && BAD.contains(&self.at) => {
                return Err(broken());
            }
            _ if faults.dead => return Err(broken()),
            0 => buffer.len(),
            before => buffer.len().min(before),
        };
        let length = self.inner.read(&mut buffer[..room])?;
        self.at += length as u64;
        Ok(length)
    }
}

impl Seek for Reader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let SeekFrom::Start(at) = to else {
            return Err(ErrorKind::Unsupported.into());
        };
        self.at = at;
        self.inner.seek(to)
    }
}

#[tokio::test]
async fn what_a_disk_does_wrong_once_is_mended() {
    type Disk = fn(Partition) -> Box<dyn Medium>;
    let disks: [(&str, Disk); 4] = [
        ("a write that is refused", |partition| {
            bad(
                partition,
                Faults {
                    refused: 1,
                    ..Faults::default()
                },
            )
        }),
        ("a write that is lost", |partition| {
            bad(
                partition,
                Faults {
                    lost: 1,
                    ..Faults::default()
                },
            )
        }),
        ("a flush that fails", |partition| {
            bad(
                partition,
                Faults {
                    flushes: 1,
                    ..Faults::default()
                },
            )
        }),
        (
            "a place that cannot be read before it is written",
            |partition| {
                bad(
                    partition,
                    Faults {
                        unreadable: true,
                        ..Faults::default()
                    },
                )
            },
        ),
    ];
    for (fault, disk) in disks {
        for (running, way) in [("0.0.9", Way::Image), ("0.1.0", Way::Delta)] {
            let mut case = Case::new().await;
            case.disk = disk;
            let brought = case.bring(running).await;
            let brought = brought.unwrap_or_else(|error| panic!("{fault}: {error:#}"));
            assert!(case.stands_there(), "{fault}");
            // The delta did nothing wrong; and one lost block of an image is one block.
            assert_eq!(brought.no_delta, None, "{fault}");
            if way == Way::Image {
                let most = brought.image + (BAD.end - BAD.start);
                assert!(brought.fetched <= most, "{fault}: {brought}");
            }
        }
    }
}

#[tokio::test]
async fn what_a_disk_does_wrong_for_good_is_told_with_device_and_place() {
    type Disk = fn(Partition) -> Box<dyn Medium>;
    let disks: [(&str, Disk); 4] = [
        (
            "cannot write the spare slot SLOT, at byte 131072 or shortly before: ",
            |partition| {
                bad(
                    partition,
                    Faults {
                        refused: EVER,
                        ..Faults::default()
                    },
                )
            },
        ),
        (
            "what was written to the spare slot SLOT does not come back from it; the disk may be failing: data block 32 (byte 131072) is damaged",
            |partition| {
                bad(
                    partition,
                    Faults {
                        lost: EVER,
                        ..Faults::default()
                    },
                )
            },
        ),
        ("cannot flush the spare slot SLOT: ", |partition| {
            bad(
                partition,
                Faults {
                    flushes: EVER,
                    ..Faults::default()
                },
            )
        }),
        (
            "what was written to the spare slot SLOT does not come back from it; the disk may be failing: cannot read the superblock at byte 819200: ",
            |partition| {
                bad(
                    partition,
                    Faults {
                        dead: true,
                        ..Faults::default()
                    },
                )
            },
        ),
    ];
    for (says, disk) in disks {
        let mut case = Case::new().await;
        case.disk = disk;
        let error = format!("{:#}", case.bring("0.0.9").await.expect_err(says));
        let says = says.replace("SLOT", &case.slot().display().to_string());
        assert!(error.starts_with(&says), "{error}");
    }
}

/// Waiting for each place of a disk that gives nothing out may take hours.
#[test]
fn a_disk_that_cannot_be_read_is_given_up_early() {
    let folder = tempfile::tempdir().expect("folder");
    let device = folder.path().join("slot");
    let image = vec![1; 64 * 65_536];
    std::fs::write(&device, &image).expect("written");
    let index = release::BlockIndex::of(&mut &image[..]).expect("an index");
    let partition = Partition::open(&device).expect("opened");
    let disk = bad(
        partition,
        Faults {
            dead: true,
            ..Faults::default()
        },
    );
    let slot = crate::slot::SpareSlot::on(&device, disk);
    let mut looked = 0;
    let error = slot
        .missing(&index, |bytes| looked = bytes)
        .expect_err("dead");
    let says = format!(
        "cannot read the spare slot {} at byte {}; the disk may be failing",
        device.display(),
        32 * 65_536
    );
    assert_eq!(error.to_string(), says);
    assert_eq!(looked, 33 * 65_536);
}
