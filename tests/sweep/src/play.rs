//! One play: a record is made, each of its disks judged, and some of them followed up.

use crate::follow::{BASE, CASES, Case, OUTCOMES, Outcome, SECTORS, STATE_IS_LOST};
use crate::judge::{Judge, is_torn_name, shape};
use crate::log::{self, Event};
use crate::machine::Machine;
use crate::releases::Release;
use crate::sample::{Gathered, Gatherer};
use crate::sectors::{Contents, Disk};
use crate::states::{Kind, State, States};
use crate::workshop::Folder;
use crate::{uml, workshop};
use anyhow::Context;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// How much is tried.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Subsets that are drawn of each epoch with many writes.
    pub draws: usize,
    /// Disks that are followed up at most.
    pub followed: usize,
}

/// A record, and all that is needed to judge it.
#[derive(Debug)]
pub struct Play {
    machine: Machine,
    folder: PathBuf,
    guest: PathBuf,
    releases: Vec<Release>,
    /// What happened to the disk.
    pub events: Vec<Event>,
}

/// What became of the disks that were followed up.
#[derive(Debug, Default)]
pub struct Followed {
    /// How many there were.
    pub cases: usize,
    /// Those whose state partition ext4's own check could not repair: the release runs, in maintenance mode.
    pub without_state: usize,
    /// Those that came to no good end.
    pub wrong: Vec<String>,
    /// The same where a rename had been torn between two sectors of its folder: open (docs/design/slots.md).
    pub torn_names: Vec<String>,
}

/// What came out.
#[derive(Debug, Default)]
pub struct Found {
    /// States, by kind.
    pub states: BTreeMap<&'static str, usize>,
    /// Disks that differed in boot partition, slots or what may boot.
    pub distinct: usize,
    /// What was wrong, each once, with the first cut that showed it and how many did.
    pub faults: BTreeMap<String, (String, usize)>,
    /// The same where the boot loader itself was writing: nothing of ours can make that whole.
    pub by_loader: BTreeMap<String, (String, usize)>,
    /// The same where a rename of ours was torn between two sectors of its folder: open (docs/design/slots.md).
    pub torn_names: BTreeMap<String, (String, usize)>,
    /// Disks that stand for others, to be followed up.
    gathered: Option<Gatherer>,
}

impl Play {
    /// Records one in `folder`, with `guest` as the guest's program and `what` as its story: `record`, or one that is wrong.
    ///
    /// # Errors
    /// It cannot be recorded.
    pub fn record(
        folder: &Path,
        guest: &Path,
        what: &str,
        machine: Machine,
        entries: Folder,
    ) -> anyhow::Result<Self> {
        let releases = workshop::furnish(folder, machine, entries)?;
        uml::run(guest, what, folder, machine)?;
        Ok(Self {
            machine,
            folder: folder.to_owned(),
            guest: guest.to_owned(),
            releases,
            events: log::read(&folder.join(uml::LOG))?,
        })
    }

    /// Judges every state.
    ///
    /// # Errors
    /// The first disk cannot be read.
    pub fn judge(&self, effort: Effort) -> anyhow::Result<(Found, Contents)> {
        let mut contents = Contents::default();
        let base = fs::read(self.folder.join(BASE))?;
        let base = Disk::new(contents.numbers(&base));
        let mut judge = Judge::new(self.machine, &self.releases, &mut contents);
        let mut found = Found {
            gathered: Some(Gatherer::new(self.machine, base.clone())),
            ..Found::default()
        };
        States::new(&mut contents, base, effort.draws).every(
            &self.events,
            &mut |contents, state| {
                found.take(contents, state, &mut judge);
            },
        );
        found.distinct = judge.distinct();
        Ok((found, contents))
    }

    /// Follows up what `found` gathered, with the real code; gives what became of them.
    ///
    /// # Errors
    /// The guest did not come to its end.
    pub fn follow(
        &self,
        found: &Found,
        contents: &Contents,
        effort: Effort,
    ) -> anyhow::Result<Followed> {
        let gathered = found.gathered.as_ref();
        let cases = gathered.map_or(Vec::new(), |all| all.pick(effort.followed));
        self.write_cases(&cases, contents)?;
        uml::run(&self.guest, "follow", &self.folder, self.machine)?;
        let outcomes = fs::read_to_string(self.folder.join(OUTCOMES))?;
        let outcomes: HashMap<usize, Outcome> = outcomes
            .lines()
            .map(serde_json::from_str::<Outcome>)
            .map(|outcome| outcome.map(|outcome| (outcome.number, outcome)))
            .collect::<Result<_, _>>()?;
        let mut followed = Followed {
            cases: cases.len(),
            ..Followed::default()
        };
        for (case, _) in cases.iter().copied() {
            let outcome = outcomes.get(&case.number);
            let outcome = outcome.context("a case has no outcome")?;
            let lost = outcome.story.iter().any(|line| line == STATE_IS_LOST);
            followed.without_state += usize::from(lost);
            let list = match is_torn_name(&case.note) {
                true => &mut followed.torn_names,
                false => &mut followed.wrong,
            };
            list.extend(bad_end(case, outcome));
        }
        Ok(followed)
    }

    fn write_cases(&self, cases: &[&Gathered], contents: &Contents) -> anyhow::Result<()> {
        let (mut list, mut sectors) = (String::new(), Vec::new());
        for (case, changed) in cases.iter().copied() {
            let case = Case {
                sectors: (sectors.len() as u64, changed.len()),
                ..case.clone()
            };
            list += &serde_json::to_string(&case)?;
            list.push('\n');
            for &(at, content) in changed {
                sectors.extend(at.to_le_bytes());
                sectors.extend_from_slice(contents.bytes(content));
            }
        }
        fs::File::create(self.folder.join(CASES))?.write_all(list.as_bytes())?;
        fs::File::create(self.folder.join(SECTORS))?.write_all(&sectors)?;
        Ok(())
    }
}

fn bad_end(case: &Case, outcome: &Outcome) -> Option<String> {
    let may = if case.ill {
        &case.versions[..1]
    } else {
        &case.versions[..]
    };
    let good = outcome.runs.as_ref().is_some_and(|runs| may.contains(runs));
    (!good).then(|| {
        format!(
            "case {} ({}; of {:?}, ill {}): {:?} runs at the end\n    {}",
            case.number,
            case.note,
            case.versions,
            case.ill,
            outcome.runs,
            outcome.story.join("\n    ")
        )
    })
}

impl Found {
    fn take(&mut self, contents: &Contents, state: State<'_>, judge: &mut Judge) {
        let kind = match state.kind {
            Kind::Prefix => "cuts behind a sector",
            Kind::Torn => "cuts inside a sector",
            Kind::Reordered => "writes lost and reordered",
        };
        *self.states.entry(kind).or_default() += 1;
        if let Err(why) = judge.judge(state.disk, contents, state.allowed) {
            let note = format!("{kind}, event {}, {}", state.event, state.allowed);
            let is = shape(state.disk, contents);
            let fault = format!("{why} [{}]", state.allowed.note);
            let faults = match state.by_loader {
                true => &mut self.by_loader,
                false if is_torn_name(&is) => &mut self.torn_names,
                false => &mut self.faults,
            };
            let first = || (format!("{note}: {is}"), 0);
            faults.entry(fault).or_insert_with(first).1 += 1;
            return;
        }
        if let Some(gathered) = &mut self.gathered {
            gathered.take(contents, state);
        }
    }

    /// How many disks could be followed up.
    pub fn gathered(&self) -> usize {
        self.gathered.as_ref().map_or(0, Gatherer::count)
    }

    /// How many states were tried.
    pub fn tried(&self) -> usize {
        self.states.values().sum()
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} states of the disk were tried, {} distinct where it matters",
            self.tried(),
            self.distinct
        )?;
        for (kind, count) in &self.states {
            writeln!(f, "  {count:7} {kind}")?;
        }
        for (fault, (first, count)) in &self.faults {
            writeln!(f, "FAULT, {count} times: {fault}\n    first: {first}")?;
        }
        for (who, faults) in [
            ("the boot loader's own rename, torn apart", &self.by_loader),
            ("OPEN, a rename torn between two sectors", &self.torn_names),
        ] {
            for (fault, (first, count)) in faults {
                writeln!(f, "{who}, {count} times: {fault}\n    first: {first}")?;
            }
        }
        Ok(())
    }
}
