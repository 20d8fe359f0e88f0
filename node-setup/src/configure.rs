//! `holdfast node configure`: from the sources to a configured node.
//!
//! Flow: read facts and sources → choose a configuration → plan → execute → report. A configuration that is wrong, missing or
//! unreadable gives way to the last good one, workloads and all; where there is none, and where maintenance mode is asked for,
//! network and ssh are set up so that the node can be reached and mended. Guarantees: nothing of a bad configuration is
//! applied; every file is written whole; no network is needed. Assumption: state is mounted at `/var/lib/holdfast`, on disk or,
//! when the disk is unusable, in memory.

mod apply;
mod problems;
mod without_cluster;

use crate::change;
use crate::choice::{self, Choice, Given, Purpose, WaysIn};
use crate::encryption::{self, Kept, Wish};
use crate::execute::Executor;
use crate::facts::Facts;
use crate::last_good::{self, LastGood};
use crate::machine::Machine;
use crate::next_boot::BestEffort;
use crate::notes::Notes;
use crate::policy::Policy;
use crate::reading;
use crate::report;
use crate::reset::AskedByStick;
use crate::services;
use crate::sources::{self, FoundSources, Media, as_flashed, is_unconfigured};
use init_api::interface::Wanted;
use init_api::{Configured, FileError, Problem, Root, Tried};
use os_config::{Config, Encryption, Loaded, Sources};
use problems::{asked_or_not, not_applied, without_any};

/// How a configuration went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The node is configured, by its sources or by the last good configuration; `configured.json` says by which.
    Applied,
    /// It is not; `problem.json` says why.
    Problem(Problem),
    /// A stick asks for a reset: nothing was configured.
    Reset(AskedByStick),
    /// State is new and shall be encrypted: nothing was configured, see [`crate::encryption::begin`].
    Encrypt,
}

/// Configures the node below `root`.
///
/// # Errors
/// Only when `/run/holdfast` cannot be written; everything else is an [`Outcome`].
pub fn configure<M: Machine>(
    root: &Root,
    media: &mut dyn Media,
    machine: M,
) -> Result<Outcome, FileError> {
    let restored = change::put_restored(root, media, &mut change::Remount);
    let (facts, strange) = Facts::read(root);
    let found = sources::find_with_known_sticks(root, media, !facts.ran_before);
    if let Some(asked) = &found.reset {
        return Ok(Outcome::Reset(asked.clone()));
    }
    let reading = reading::read(root, &found);
    let mut notes = found.notes.clone();
    notes.extend(reading.notes);
    notes.extend(strange);
    if let Err(error) = restored {
        notes.push(format!(
            "the configuration of the backup that was restored could not be put on the CONFIG partition: {error}"
        ));
    }
    let mut run = Run {
        root,
        executor: Executor::new(root.path("/"), machine),
        facts,
        found: &found,
        interfaces: Vec::new(),
        in_clear: false,
        tried: None,
        notes: Notes {
            said: notes,
            ..Notes::default()
        },
    };
    let is_node = run.facts.is_node();
    let policy = Policy::read(root).0;
    let on_a_new_stick = found.on_a_stick && !is_node;
    let own = reading
        .configuration
        .and_then(|own| allowed(own, is_node))
        .and_then(|own| match on_a_new_stick && own.says_nothing() {
            true => Err(as_flashed()),
            false => Ok(own),
        });
    let choice = run.choose(own.as_ref().map(purpose));
    let choice = match (choice, own.as_ref().map(Loaded::config)) {
        (Choice::Own, Ok(config)) => match run.wish(config) {
            Wish::Begin => return Ok(Outcome::Encrypt),
            Wish::Refused(problem) => Choice::Maintenance {
                ways_in: WaysIn::Own,
                problem,
            },
            Wish::Nothing | Wish::Later(_) => Choice::Own,
        },
        (choice, _) => choice,
    };
    let (done, sources, instead) = run.carry_out(choice, own.as_ref(), reading.sources, &policy);
    let instead = instead.filter(|_| done.is_ok());
    let configured = Configured {
        in_clear: run.in_clear,
        interfaces: run.interfaces,
        tried: run.tried.filter(|_| done.is_ok()),
        ..report::configured(&found, &sources, instead, run.notes)
    };
    report::write(root, &configured, done.as_ref().err())?;
    Ok(done.map_or_else(Outcome::Problem, |()| Outcome::Applied))
}

/// The configuration, if it has no `install` that it must not have.
fn allowed(own: Loaded, is_node: bool) -> Result<Loaded, Problem> {
    if own.config().install.is_some() {
        choice::may_install(&own.said_by("install"), is_node)?;
    }
    Ok(own)
}

fn purpose(own: &Loaded) -> Purpose {
    match own.config().install {
        Some(_) => Purpose::Install,
        None => Purpose::Node,
    }
}

/// What a run works with, and what it has to say.
struct Run<'a, M> {
    root: &'a Root,
    executor: Executor<M>,
    facts: Facts,
    found: &'a FoundSources,
    /// What the network that was set up has settings for.
    interfaces: Vec<Wanted>,
    /// State lies in clear, though its encryption is asked for.
    in_clear: bool,
    /// What becomes the last good configuration when the node has been Ready.
    tried: Option<Tried>,
    notes: Notes,
}

impl<M: Machine> Run<'_, M> {
    /// Brings about what was chosen; gives how that went, by which sources, and what they stand in for.
    fn carry_out(
        &mut self,
        choice: Choice,
        own: Result<&Loaded, &Problem>,
        sources: Sources,
        policy: &Policy,
    ) -> (Result<(), Problem>, Sources, Option<Problem>) {
        match (choice, own) {
            (Choice::Own, Ok(own)) => (self.apply_own(own), sources, None),
            (Choice::Install, Ok(own)) => {
                self.install(own.config());
                (Ok(()), sources, None)
            }
            (Choice::Own | Choice::Install, Err(problem)) => {
                self.maintain(WaysIn::Defaults, None, services::Purpose::Maintenance);
                (Err(problem.clone()), sources, None)
            }
            (Choice::LastGood { at, instead }, _) => {
                let (done, sources) = self.apply_last_good(at, &instead);
                (done, sources, Some(instead))
            }
            (Choice::Maintenance { ways_in, problem }, own) => {
                let is_new = !self.facts.is_node() && is_unconfigured(&problem);
                let (purpose, problem) = match own {
                    Err(_) if is_new => without_any(policy, problem),
                    _ => asked_or_not(self.found, policy, problem),
                };
                self.maintain(ways_in, own.ok().map(Loaded::config), purpose);
                (Err(problem), sources, None)
            }
        }
    }

    /// What `state.encryption` asks for at this boot.
    fn wish(&mut self, config: &Config) -> Wish {
        let facts = &self.facts;
        let disk = facts.state_disk.unwrap_or_default();
        let kept = Kept {
            cluster: facts.founded.is_some() || disk.repaired,
            trial: self.found.trial.is_some() || disk.on_trial,
        };
        let wish = encryption::wish(config.state.encryption, facts.state_disk, kept);
        if let Wish::Later(note) = &wish {
            self.in_clear = config.state.encryption != Encryption::None;
            self.notes.said.push(note.clone());
        }
        wish
    }

    /// Which configuration is to be in force.
    fn choose(&mut self, own: Result<Purpose, &Problem>) -> Choice {
        let last_goods = &self.facts.last_goods;
        let paths: Vec<String> = last_goods.iter().map(LastGood::path).collect();
        let given = Given {
            own,
            last_goods: &last_good::candidates(last_goods, &paths),
            release: &self.facts.release,
            maintenance_asked_by: self.found.maintenance_asked_by.as_deref(),
        };
        let reads = |at: usize| last_goods[at].load().is_ok();
        let (choice, unreadable) = choice::choose(given, reads);
        let unreadable = unreadable.into_iter().map(|at| {
            format!(
                "{} is damaged, or has keys that this release does not know, and is not used",
                paths[at]
            )
        });
        self.notes.said.extend(unreadable);
        choice
    }

    fn try_steps(&mut self, effort: &BestEffort) {
        match self.executor.execute(&effort.steps) {
            Ok(warnings) => self.notes.add(warnings),
            Err(error) => self
                .notes
                .said
                .push(format!("{}: {error}: {}", effort.otherwise, error.source)),
        }
    }

    fn execute_or_note(&mut self, steps: &[crate::step::Step]) {
        match self.executor.execute(steps) {
            Ok(warnings) => self.notes.add(warnings),
            Err(error) => self.notes.failed.push(not_applied(&error).text),
        }
    }
}
