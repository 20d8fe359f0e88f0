//! Carrying out the steps of a plan. What is done, and in which order, is [`plan`]'s.

use crate::PIECE;
use crate::aligned::Buffer;
use crate::feed::{Feed, Piece};
use crate::fingerprint::Fingerprint;
use crate::image::{ImageError, Patch};
use crate::plan::{Step, plan};
use crate::progress::{Phase, Watch};
use crate::target::{Target, Zeroed};
use std::io::{self, Read};
use std::thread;
use std::time::{Duration, Instant};

/// Why the disk was not written to its end. It has no partition table now.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The disk did not take it.
    #[error("cannot write at {}{}", place(*.offset), hint(.source))]
    Write {
        /// Where.
        offset: u64,
        /// Why.
        source: io::Error,
    },
    /// The disk could not say that it has everything.
    #[error("the disk did not confirm what was written{}", hint(.source))]
    Flush {
        /// Why.
        source: io::Error,
    },
    /// What was written cannot be read.
    #[error("cannot read back at {}{}", place(*.offset), hint(.source))]
    Read {
        /// Where.
        offset: u64,
        /// Why.
        source: io::Error,
    },
    /// The disk gives back something else than it was given.
    #[error(
        "the {length} bytes at {} are not what was written: the card or disk is worn out, or smaller than it says. Use another one{}",
        place(*.offset), if *.left_to_device { "; or, if it has worked well so far, try --write-zeros: its adapter may not erase what it says it erased" } else { "" }
    )]
    Differs {
        /// Where the piece begins.
        offset: u64,
        /// Its length.
        length: usize,
        /// Whether the device was asked to make zeros there by itself.
        left_to_device: bool,
    },
    /// The image could not be read to its end, or its end is wrong.
    #[error("the image cannot be read to its end")]
    Image(#[from] ImageError),
    /// Somebody stopped it.
    #[error("it was stopped after {}", place(*.offset))]
    Stopped {
        /// How far it had come.
        offset: u64,
    },
}

fn place(offset: u64) -> String {
    format!("byte {offset} ({:.1} MB)", offset as f64 / 1e6)
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::UnexpectedEof | io::ErrorKind::WriteZero => {
            ": the disk ends there. It was pulled out, or it is smaller than it says"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ": the disk is write-protected"
        }
        _ => {
            ": the card, disk or reader is broken, or was pulled out. Try another port or reader, then another card"
        }
    }
}

/// What is written, and to what.
pub struct Job<'a> {
    /// The image from its first byte, unpacked.
    pub stream: Box<dyn Read + Send + 'a>,
    /// Its length in bytes.
    pub size: u64,
    /// What goes over it: the CONFIG volume with the card's own file.
    pub patch: Option<&'a Patch>,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// Bytes of the disk that are as in the image now.
    pub bytes: u64,
    /// Of these, how many zeros the device made by itself.
    pub zeroed: u64,
    /// Writing and flushing took so long.
    pub writing: Duration,
    /// Reading back and comparing took so long.
    pub verifying: Duration,
}

/// Carries out the plan for `job` on `target`.
///
/// # Errors
/// What stopped it. The disk has no partition table then.
pub fn run(job: Job<'_>, target: &mut dyn Target, watch: &mut dyn Watch) -> Result<Done, Failure> {
    let steps = plan(job.size, target.size());
    thread::scope(|scope| {
        let mut run = Run {
            feed: Some(Feed::begin(scope, job.stream, job.size, job.patch)),
            size: job.size,
            target,
            watch,
            written: Vec::new(),
            head: None,
            zeroing: true,
            done: Done::default(),
        };
        for step in steps {
            let began = Instant::now();
            if let Err(failure) = run.step(step) {
                run.take_table_back(step);
                return Err(failure);
            }
            match step {
                Step::VerifyBody | Step::VerifyHead => run.done.verifying += began.elapsed(),
                _ => run.done.writing += began.elapsed(),
            }
        }
        Ok(run.done)
    })
}

/// A piece that is on the disk.
struct Written {
    offset: u64,
    length: usize,
    fingerprint: Fingerprint,
    left_to_device: bool,
}

struct Run<'a, 'scope> {
    /// Until the image has been read.
    feed: Option<Feed<'scope>>,
    size: u64,
    target: &'a mut dyn Target,
    watch: &'a mut dyn Watch,
    written: Vec<Written>,
    /// The first piece, which goes on last.
    head: Option<Piece>,
    /// The device has not yet said that it makes no zeros by itself.
    zeroing: bool,
    done: Done,
}

impl Run<'_, '_> {
    fn step(&mut self, step: Step) -> Result<(), Failure> {
        match step {
            Step::Erase { offset, length } => self.erase(offset, length),
            Step::WriteBody => self.write_body(),
            Step::Flush => self.flush(),
            Step::VerifyBody => self.verify_body(),
            Step::WriteHead => self.write_head(),
            Step::VerifyHead => self.verify_head(),
            Step::RereadTable => {
                self.target.reread_table();
                Ok(())
            }
        }
    }

    fn erase(&mut self, offset: u64, length: u64) -> Result<(), Failure> {
        let mut zeros = Buffer::new();
        zeros.fill(usize::try_from(length).unwrap_or(PIECE));
        self.target
            .write_at(offset, zeros.bytes())
            .map_err(|source| Failure::Write { offset, source })
    }

    fn flush(&mut self) -> Result<(), Failure> {
        // Before and behind the body there is nothing to wait for.
        if self.head.is_some() {
            self.watch.at(Phase::Flush, self.done.bytes, self.size);
        }
        self.target
            .flush()
            .map_err(|source| Failure::Flush { source })
    }

    fn write_body(&mut self) -> Result<(), Failure> {
        self.take_head()?;
        while let Some(piece) = self.feed.as_ref().and_then(Feed::next) {
            let piece = self.write(piece)?;
            if let Some(feed) = &self.feed {
                feed.give_back(piece.buffer);
            }
            self.watch.at(Phase::Write, self.done.bytes, self.size);
            self.may_go_on(self.done.bytes)?;
        }
        self.end_feed()
    }

    fn take_head(&mut self) -> Result<(), Failure> {
        if self.head.is_none() {
            self.head = self.feed.as_ref().and_then(Feed::next);
        }
        match self.head {
            Some(_) => Ok(()),
            None => self.end_feed(),
        }
    }

    /// The image has been read: whether it was whole.
    fn end_feed(&mut self) -> Result<(), Failure> {
        Ok(self.feed.take().map_or(Ok(()), Feed::end)?)
    }

    fn write(&mut self, piece: Piece) -> Result<Piece, Failure> {
        let (offset, length) = (piece.offset, piece.buffer.bytes().len());
        let failed = |source| Failure::Write { offset, source };
        let mut left_to_device = false;
        if self.zeroing && piece.fingerprint == Fingerprint::Zeros {
            let asked = self.target.zero_at(offset, length as u64).map_err(failed)?;
            left_to_device = asked == Zeroed::Done;
            // What cannot be done once is not asked for again.
            self.zeroing = left_to_device;
        }
        if left_to_device {
            self.done.zeroed += length as u64;
        } else {
            self.target
                .write_at(offset, piece.buffer.bytes())
                .map_err(failed)?;
        }
        self.done.bytes += length as u64;
        self.written.push(Written {
            offset,
            length,
            fingerprint: piece.fingerprint.clone(),
            left_to_device,
        });
        Ok(piece)
    }

    fn verify_body(&mut self) -> Result<(), Failure> {
        let mut buffer = Buffer::new();
        let mut checked = 0;
        for at in 0..self.written.len() {
            self.verify(at, &mut buffer)?;
            checked += self.written[at].length as u64;
            self.watch.at(Phase::Verify, checked, self.size);
            self.may_go_on(checked)?;
        }
        Ok(())
    }

    fn verify(&mut self, at: usize, buffer: &mut Buffer) -> Result<(), Failure> {
        let written = &self.written[at];
        let offset = written.offset;
        buffer.fill(written.length);
        self.target
            .read_at(offset, buffer.bytes_mut())
            .map_err(|source| Failure::Read { offset, source })?;
        if Fingerprint::of(buffer.bytes()) == written.fingerprint {
            return Ok(());
        }
        Err(Failure::Differs {
            offset,
            length: written.length,
            left_to_device: written.left_to_device,
        })
    }

    fn write_head(&mut self) -> Result<(), Failure> {
        self.take_head()?;
        self.end_feed()?;
        // A stop until here leaves a disk without a table, one behind leaves a whole one: it is not asked for any more.
        if let Some(head) = self.head.take() {
            self.write(head)?;
        }
        Ok(())
    }

    fn verify_head(&mut self) -> Result<(), Failure> {
        let last = self.written.len().saturating_sub(1);
        self.verify(last, &mut Buffer::new())?;
        self.watch.at(Phase::Verify, self.size, self.size);
        Ok(())
    }

    /// A table that could not be written or read back well must not be taken for a good one. The failure that led here is
    /// told; a second one would say no more.
    fn take_table_back(&mut self, failed: Step) {
        let of_head = matches!(failed, Step::WriteHead | Step::VerifyHead | Step::Flush);
        if of_head && self.erase(0, self.size.min(PIECE as u64)).is_ok() {
            let _ = self.target.flush();
        }
    }

    fn may_go_on(&self, offset: u64) -> Result<(), Failure> {
        if self.watch.stop() {
            return Err(Failure::Stopped { offset });
        }
        Ok(())
    }
}
