//! The disks that a loss of power can leave, drawn from a record.

use crate::log::{Event, SECTOR};
use crate::marks::{Allowed, LOADER, SYSTEM};
use crate::sectors::{Content, Contents, Disk, mix};
use std::collections::HashMap;

/// All subsets of an epoch with no more writes than this are tried.
const FEW: usize = 7;

/// What kind of cut it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// All that came before a sector, in order.
    Prefix,
    /// The same, with the sector in the middle of being written.
    Torn,
    /// Of what was not flushed some is there, some is not, some is in part.
    Reordered,
}

/// A disk after a cut.
#[derive(Debug, Clone, Copy)]
pub struct State<'a> {
    /// The disk.
    pub disk: &'a Disk,
    /// What may boot from it.
    pub allowed: &'a Allowed,
    /// How it came to be.
    pub kind: Kind,
    /// The event of the record at which the power went.
    pub event: usize,
    /// Whether the boot loader was writing, not our code.
    pub by_loader: bool,
}

/// A write as numbers.
#[derive(Debug, Clone)]
struct Write {
    at: usize,
    contents: Vec<Content>,
}

/// The disks of a record.
#[derive(Debug)]
pub struct States<'a> {
    contents: &'a mut Contents,
    /// What was flushed.
    safe: Disk,
    /// Everything, in order.
    now: Disk,
    epoch: Vec<Write>,
    allowed: Allowed,
    /// How many subsets are drawn of an epoch with many writes.
    draws: usize,
    event: usize,
    by_loader: bool,
}

impl<'a> States<'a> {
    /// Of a record that begins on this disk.
    pub fn new(contents: &'a mut Contents, base: Disk, draws: usize) -> Self {
        Self {
            contents,
            safe: base.clone(),
            now: base,
            epoch: Vec::new(),
            allowed: Allowed::default(),
            draws,
            event: 0,
            by_loader: false,
        }
    }

    /// Shows every state of `events` to `visit`.
    pub fn every(mut self, events: &[Event], visit: &mut dyn FnMut(&Contents, State<'_>)) {
        for (number, event) in events.iter().enumerate() {
            self.event = number;
            match event {
                Event::Mark(text) if text == LOADER => self.by_loader = true,
                Event::Mark(text) if text == SYSTEM => self.by_loader = false,
                // The kernel's own note at the end says nothing about releases.
                Event::Mark(text) => {
                    let allowed = Allowed::parse(text);
                    self.allowed = allowed.unwrap_or_else(|| self.allowed.clone());
                }
                Event::Flush => self.end_epoch(visit),
                Event::Write { at, data, lasting } => {
                    let write = Write {
                        at: *at as usize,
                        contents: self.contents.numbers(data),
                    };
                    self.prefixes(&write, visit);
                    if *lasting {
                        apply(&mut self.safe, &write, usize::MAX, &mut HashMap::new());
                    }
                    self.epoch.push(write);
                }
            }
        }
        self.end_epoch(visit);
    }

    fn prefixes(&mut self, write: &Write, visit: &mut dyn FnMut(&Contents, State<'_>)) {
        for (offset, &content) in write.contents.iter().enumerate() {
            let at = write.at + offset;
            let before = self.now.sectors()[at];
            if let Some(torn) = self.torn(before, content) {
                self.now.put(at, torn);
                self.show(Kind::Torn, visit);
            }
            self.now.put(at, content);
            self.show(Kind::Prefix, visit);
        }
    }

    /// The first half of a sector new, the second old; none if that is the one or the other.
    fn torn(&mut self, before: Content, after: Content) -> Option<Content> {
        let mut bytes = self.contents.bytes(after).to_vec();
        let half = SECTOR / 2;
        bytes[half..].copy_from_slice(&self.contents.bytes(before)[half..]);
        let torn = self.contents.number(&bytes);
        (torn != before && torn != after).then_some(torn)
    }

    fn show(&self, kind: Kind, visit: &mut dyn FnMut(&Contents, State<'_>)) {
        let state = State {
            disk: &self.now,
            allowed: &self.allowed,
            kind,
            event: self.event,
            by_loader: self.by_loader,
        };
        visit(self.contents, state);
    }

    /// What was not flushed is reordered in every way, or in as many as were asked for; then it is safe.
    fn end_epoch(&mut self, visit: &mut dyn FnMut(&Contents, State<'_>)) {
        let epoch = std::mem::take(&mut self.epoch);
        let mut seed = mix(self.event as u64);
        for choice in 0..choices(epoch.len(), self.draws) {
            let mut undo = HashMap::new();
            for (number, write) in epoch.iter().enumerate() {
                let kept = kept(choice, number, epoch.len(), write.contents.len(), &mut seed);
                apply(&mut self.safe, write, kept, &mut undo);
            }
            let state = State {
                disk: &self.safe,
                allowed: &self.allowed,
                kind: Kind::Reordered,
                event: self.event,
                by_loader: self.by_loader,
            };
            visit(self.contents, state);
            for (at, before) in undo {
                self.safe.put(at, before);
            }
        }
        for write in &epoch {
            apply(&mut self.safe, write, usize::MAX, &mut HashMap::new());
        }
    }
}

fn choices(writes: usize, draws: usize) -> usize {
    if writes <= FEW {
        1 << writes
    } else {
        2 * writes + draws
    }
}

/// How many sectors of a write are there in this choice: all subsets of few writes; of many, each alone, all but each, and what
/// is drawn.
fn kept(choice: usize, number: usize, writes: usize, sectors: usize, seed: &mut u64) -> usize {
    let whole = |there: bool| if there { sectors } else { 0 };
    if writes <= FEW {
        return whole(choice >> number & 1 == 1);
    }
    if choice < writes {
        return whole(choice == number);
    }
    if choice < 2 * writes {
        return whole(choice - writes != number);
    }
    *seed = mix(*seed);
    match *seed % 3 {
        0 => sectors,
        1 => (*seed >> 8) as usize % (sectors + 1),
        _ => 0,
    }
}

fn apply(disk: &mut Disk, write: &Write, sectors: usize, undo: &mut HashMap<usize, Content>) {
    for (offset, &content) in write.contents.iter().take(sectors).enumerate() {
        let before = disk.put(write.at + offset, content);
        undo.entry(write.at + offset).or_insert(before);
    }
}
