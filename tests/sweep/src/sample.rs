//! Which disks are followed up: one of all that look alike to the code that comes next.

use crate::follow::Case;
use crate::judge::{is_on_trial, shape};
use crate::layout::{ROOT_A, ROOT_B};
use crate::machine::Machine;
use crate::marks::Allowed;
use crate::sectors::{Content, Contents, Disk};
use crate::states::{Kind, State};
use std::collections::{HashMap, HashSet};

/// What tells disks apart: the folder of entries, the beginning of both slots, what may boot, and what is on state.
type Look = (usize, [Content; 2], Allowed, u128);

/// A case with the sectors in which its disk differs from the first one.
pub type Gathered = (Case, Vec<(u64, Content)>);

/// Disks that differ.
#[derive(Debug)]
pub struct Gatherer {
    machine: Machine,
    first: Disk,
    /// Shapes by what tells boot partitions apart.
    known: HashMap<u128, usize>,
    shapes: HashMap<String, usize>,
    looks: HashSet<Look>,
    /// The first of a shape and of what may boot, and all others.
    rare: Vec<Gathered>,
    others: Vec<Gathered>,
    seen: HashSet<(usize, Allowed)>,
    number: usize,
}

impl Gatherer {
    /// Of disks of this machine that were `first` once.
    pub fn new(machine: Machine, first: Disk) -> Self {
        Self {
            machine,
            first,
            known: HashMap::new(),
            shapes: HashMap::new(),
            looks: HashSet::new(),
            rare: Vec::new(),
            others: Vec::new(),
            seen: HashSet::new(),
            number: 0,
        }
    }

    /// Keeps a disk whose follow-up may differ from that of all that were kept.
    pub fn take(&mut self, contents: &Contents, state: State<'_>) {
        if state.allowed.versions.is_empty() || state.kind == Kind::Torn {
            return;
        }
        let [boot, boot_a, boot_b, _, _, records] = state.disk.prints();
        let boot = boot ^ boot_a ^ boot_b;
        // Of what was drawn, each disk has another state: what ext4 makes of that is not ours.
        let records = match state.kind {
            Kind::Reordered => state.event as u128,
            Kind::Prefix | Kind::Torn => records,
        };
        let number = self.known.get(&boot).copied();
        let number = number.unwrap_or_else(|| {
            let (shape, next) = (shape(state.disk, contents), self.shapes.len());
            let number = *self.shapes.entry(shape).or_insert(next);
            self.known.insert(boot, number);
            number
        });
        let slots = [ROOT_A, ROOT_B].map(|part| state.disk.part(part)[0]);
        let look = (number, slots, state.allowed.clone(), records);
        if self.looks.insert(look) {
            let is_rare = self.seen.insert((number, state.allowed.clone()));
            self.keep(contents, state, is_rare);
        }
    }

    fn keep(&mut self, contents: &Contents, state: State<'_>, is_rare: bool) {
        let changed: Vec<(u64, Content)> = (0_u64..)
            .zip(self.first.sectors().iter().zip(state.disk.sectors()))
            .filter(|(_, (before, now))| before != now)
            .map(|(at, (_, &now))| (at, now))
            .collect();
        let mut case = Case {
            number: self.number,
            versions: state.allowed.versions.clone(),
            ill: false,
            sectors: (0, 0),
            note: format!(
                "event {}, {}: {}",
                state.event,
                state.allowed,
                shape(state.disk, contents)
            ),
        };
        let list = match is_rare {
            true => &mut self.rare,
            false => &mut self.others,
        };
        list.push((case.clone(), changed.clone()));
        if is_on_trial(self.machine, state.disk, contents, &case.versions[0]) {
            case.number += 1;
            case.ill = true;
            list.push((case, changed));
        }
        self.number += 2;
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.rare.len() + self.others.len()
    }

    /// So many of them at most, all over the record; those of a shape of their own come first.
    pub fn pick(&self, most: usize) -> Vec<&Gathered> {
        let mut picked = spread(&self.rare, most);
        picked.extend(spread(&self.others, most - picked.len()));
        picked
    }
}

fn spread(all: &[Gathered], most: usize) -> Vec<&Gathered> {
    let count = most.min(all.len());
    (0..count).map(|at| &all[at * all.len() / count]).collect()
}
