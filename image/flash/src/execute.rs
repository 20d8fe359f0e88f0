//! Carrying out the steps of a plan. What is done, and in which order, is [`plan`]'s.

use crate::PIECE;
use crate::aligned::Buffer;
use crate::failure::Failure;
use crate::feed::{Feed, Piece};
use crate::image::{ImageError, Patch};
use crate::plan::{Step, plan};
use crate::progress::{Phase, Watch};
use crate::target::{Target, Zeroed};
use crate::zeros::is_zero;
use std::collections::BTreeSet;
use std::io::Read;
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

/// The image from its first byte, unpacked; read once to be written and once to be compared.
pub type Open<'a> = dyn Fn() -> Result<Box<dyn Read + Send>, ImageError> + 'a;

/// What is written.
pub struct Job<'a> {
    /// Opens the image.
    pub open: Box<Open<'a>>,
    /// Its length in bytes, unpacked.
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
            job: &job,
            scope,
            target,
            watch,
            head: None,
            zeroing: true,
            zeroed: BTreeSet::new(),
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

struct Run<'a, 'scope, 'env> {
    job: &'env Job<'env>,
    scope: &'scope Scope<'scope, 'env>,
    target: &'a mut dyn Target,
    watch: &'a mut dyn Watch,
    /// The first piece, which goes on last.
    head: Option<Piece>,
    /// The device has not yet said that it makes no zeros by itself.
    zeroing: bool,
    /// Where the pieces begin that it has made.
    zeroed: BTreeSet<u64>,
    done: Done,
}

impl<'scope, 'env> Run<'_, 'scope, 'env> {
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
        if self.head.is_some() && self.done.bytes < self.job.size {
            self.watch.at(Phase::Flush, self.done.bytes, self.job.size);
        }
        self.target
            .flush()
            .map_err(|source| Failure::Flush { source })
    }

    fn feed(&self) -> Result<Feed<'scope>, Failure> {
        let stream = (self.job.open)()?;
        Ok(Feed::begin(
            self.scope,
            stream,
            self.job.size,
            self.job.patch,
        ))
    }

    fn write_body(&mut self) -> Result<(), Failure> {
        let feed = self.feed()?;
        self.head = feed.next();
        while let Some(piece) = feed.next() {
            self.write(&piece)?;
            feed.give_back(piece.buffer);
            self.watch.at(Phase::Write, self.done.bytes, self.job.size);
            self.may_go_on(self.done.bytes)?;
        }
        Ok(feed.end()?)
    }

    fn write(&mut self, piece: &Piece) -> Result<(), Failure> {
        let (offset, bytes) = (piece.offset, piece.buffer.bytes());
        let length = bytes.len() as u64;
        let failed = |source| Failure::Write { offset, source };
        self.done.bytes += length;
        if self.zeroing && is_zero(bytes) {
            // What cannot be done once is not asked for again.
            self.zeroing = self.target.zero_at(offset, length).map_err(failed)? == Zeroed::Done;
            if self.zeroing {
                self.zeroed.insert(offset);
                self.done.zeroed += length;
                return Ok(());
            }
        }
        self.target.write_at(offset, bytes).map_err(failed)
    }

    fn verify_body(&mut self) -> Result<(), Failure> {
        let feed = self.feed()?;
        if let Some(head) = feed.next() {
            feed.give_back(head.buffer);
        }
        let mut back = Buffer::new();
        while let Some(piece) = feed.next() {
            self.verify(&piece, &mut back)?;
            let compared = piece.offset + piece.buffer.bytes().len() as u64;
            feed.give_back(piece.buffer);
            self.watch.at(Phase::Verify, compared, self.job.size);
            self.may_go_on(compared)?;
        }
        Ok(feed.end()?)
    }

    fn verify(&self, piece: &Piece, back: &mut Buffer) -> Result<(), Failure> {
        let (offset, wanted) = (piece.offset, piece.buffer.bytes());
        back.fill(wanted.len());
        self.target
            .read_at(offset, back.bytes_mut())
            .map_err(|source| Failure::Read { offset, source })?;
        if back.bytes() == wanted {
            return Ok(());
        }
        Err(Failure::Differs {
            offset,
            length: wanted.len(),
            left_to_device: self.zeroed.contains(&offset),
        })
    }

    fn write_head(&mut self) -> Result<(), Failure> {
        if self.head.is_none() {
            let feed = self.feed()?;
            self.head = feed.next();
            feed.end()?;
        }
        // A stop until here leaves a disk without a table, one behind leaves a whole one: it is not asked for any more.
        let head = self.head.take();
        let written = head.as_ref().map_or(Ok(()), |head| self.write(head));
        self.head = head;
        written
    }

    fn verify_head(&mut self) -> Result<(), Failure> {
        match &self.head {
            Some(head) => self.verify(head, &mut Buffer::new()),
            None => Ok(()),
        }
    }

    /// A table that could not be written or read back well must not be taken for a good one. The failure that led here is
    /// told; a second one would say no more.
    fn take_table_back(&mut self, failed: Step) {
        let of_head = matches!(failed, Step::WriteHead | Step::VerifyHead | Step::Flush);
        if of_head && self.erase(0, self.job.size.min(PIECE as u64)).is_ok() {
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
