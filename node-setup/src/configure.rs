//! `holdfast node configure`: from the sources to a configured node.
//!
//! Flow: read facts and sources → choose a configuration → plan → execute → report. A configuration that is wrong, missing or
//! unreadable gives way to the last good one, workloads and all; where there is none, and where maintenance mode is asked for,
//! network and ssh are set up so that the node can be reached and mended. Guarantees: nothing of a bad configuration is
//! applied; every file is written whole; no network is needed. Assumption: state is mounted at `/var/lib/holdfast`, on disk or,
//! when the disk is unusable, in memory.

use crate::change;
use crate::choice::{self, Choice, Given, Purpose, WaysIn};
use crate::encryption::{self, Kept, Wish};
use crate::execute::Executor;
use crate::facts::Facts;
use crate::last_good::{self, LastGood};
use crate::machine::Machine;
use crate::next_boot::{self, BestEffort};
use crate::plan::{begin, containerd, plan, plan_maintenance, records, services_alone};
use crate::policy::{OwnConfig, Policy, UsbStick};
use crate::reading;
use crate::report;
use crate::reset::AskedByStick;
use crate::services::{self, Situation, services};
use crate::sources::{self, FoundSources, Media, as_flashed, is_unconfigured};
use init_api::interface::Wanted;
use init_api::{FileError, Problem, Root, Services};
use os_config::{Config, Encryption, Loaded, Sources};
use std::error::Error;
use std::io;

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
        notes,
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
    let configured = report::configured(
        &found,
        &sources,
        instead,
        run.in_clear,
        run.interfaces,
        run.notes,
    );
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
    notes: Vec<String>,
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
            self.notes.push(note.clone());
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
        self.notes.extend(unreadable);
        choice
    }

    fn apply_own(&mut self, own: &Loaded) -> Result<(), Problem> {
        let services = self.apply_or_maintain(own.config())?;
        if self.found.trial.is_none() {
            let mut records = next_boot::record_for_next_boot(&self.facts, self.found, own);
            records.push(next_boot::record_early_services(&services));
            records.iter().for_each(|record| self.try_steps(record));
        }
        Ok(())
    }

    /// Gives the one source as well. What the next boot goes by stays: it is what is in force.
    fn apply_last_good(&mut self, at: usize, instead: &Problem) -> (Result<(), Problem>, Sources) {
        let last_good = &self.facts.last_goods[at];
        let sources = Sources::one(last_good.path(), last_good.text.clone());
        let config = match last_good.load() {
            Ok(loaded) => loaded.into_config(),
            Err(_) => {
                self.maintain(WaysIn::Defaults, None, services::Purpose::Maintenance);
                return (Err(instead.clone()), sources);
            }
        };
        eprintln!("{}\n\n{}\n\n{}", instead.title, instead.text, instead.cure);
        self.facts.provisional = true;
        let done = self.apply_or_maintain(&config).map(|services| {
            self.try_steps(&next_boot::record_early_services(&services));
        });
        (done, sources)
    }

    /// A configuration that cannot be applied leaves a node that can be reached by the last good one.
    fn apply_or_maintain(&mut self, config: &Config) -> Result<Services, Problem> {
        let done = self.apply(config);
        if done.is_err() {
            // What was written until then is what running services must be brought back from.
            let (now, _) = Facts::read(self.root);
            self.facts.profiles = now.profiles;
            self.facts.files = now.files;
            let last_goods = &self.facts.last_goods;
            let paths: Vec<String> = last_goods.iter().map(LastGood::path).collect();
            let candidates = last_good::candidates(last_goods, &paths);
            let reads = |at: usize| last_goods[at].load().is_ok();
            let ways_in = choice::ways_in(&candidates, &self.facts.release, reads);
            self.maintain(ways_in, None, services::Purpose::Maintenance);
        }
        done
    }

    fn apply(&mut self, config: &Config) -> Result<Services, Problem> {
        let situation = Situation {
            trial: self.found.trial,
            purpose: services::Purpose::Node,
            rescue: false,
        };
        self.interfaces = report::interfaces(config);
        let facts = &self.facts;
        let services = services(config, facts, situation).map_err(|error| not_applied(&error))?;
        let mut steps = begin();
        steps.extend(plan(config, facts));
        if self.found.trial.is_some() {
            steps.push(next_boot::forget_early_services());
        }
        let settings = services::settings(config, facts);
        steps.extend(containerd(&settings));
        let records = records(config, &settings, &services);
        steps.extend(records.map_err(|error| not_applied(&error))?);
        let ignored = facts.founded.as_ref().map(|kept| kept.overrules(config));
        let warnings = self.executor.execute(&steps);
        let warnings = warnings.map_err(|error| not_applied(&error))?;
        self.notes
            .extend(warnings.into_iter().map(|warning| warning.0));
        self.notes.extend(ignored.unwrap_or_default());
        Ok(services)
    }

    fn try_steps(&mut self, effort: &BestEffort) {
        match self.executor.execute(&effort.steps) {
            Ok(warnings) => self
                .notes
                .extend(warnings.into_iter().map(|warning| warning.0)),
            Err(error) => self
                .notes
                .push(format!("{}: {error}: {}", effort.otherwise, error.source)),
        }
    }

    /// Network, ssh and console, and nothing else.
    fn maintain(&mut self, ways_in: WaysIn, own: Option<&Config>, purpose: services::Purpose) {
        let config = self.reached_by(ways_in, own);
        self.without_cluster(&config, purpose);
    }

    /// Network, ssh and console, and the installer. Nothing is recorded for the next boot: a stick never becomes a node by what it
    /// once was.
    fn install(&mut self, config: &Config) {
        self.without_cluster(config, services::Purpose::Install);
    }

    fn without_cluster(&mut self, config: &Config, purpose: services::Purpose) {
        self.interfaces = report::interfaces(config);
        let situation = Situation {
            trial: self.found.trial,
            purpose,
            rescue: self.found.rescue,
        };
        let mut steps = begin();
        steps.extend(plan_maintenance(config, &self.facts));
        self.execute_or_note(&steps);
        let services = services(config, &self.facts, situation);
        match services.as_ref().map(services_alone) {
            Ok(Ok(step)) => self.execute_or_note(&[step]),
            Ok(Err(error)) => self.notes.push(not_applied(&error).text),
            Err(error) => self.notes.push(not_applied(error).text),
        }
    }

    fn reached_by(&mut self, ways_in: WaysIn, own: Option<&Config>) -> Config {
        let last_good = match ways_in {
            WaysIn::Own => return own.cloned().unwrap_or_default(),
            WaysIn::LastGood(at) => self.facts.last_goods[at].load().ok(),
            WaysIn::Defaults => None,
        };
        let (said, config) = match last_good {
            Some(loaded) => (
                "network and ssh are those of the last good configuration",
                loaded.into_config(),
            ),
            None => (
                "there is no last good configuration: network by DHCP, no ssh keys",
                Config::default(),
            ),
        };
        self.notes.push(said.to_owned());
        config
    }

    fn execute_or_note(&mut self, steps: &[crate::step::Step]) {
        match self.executor.execute(steps) {
            Ok(warnings) => self
                .notes
                .extend(warnings.into_iter().map(|warning| warning.0)),
            Err(error) => self.notes.push(not_applied(&error).text),
        }
    }
}

/// A machine that never had a configuration.
fn without_any(policy: &Policy, problem: Problem) -> (services::Purpose, Problem) {
    match policy.config {
        OwnConfig::Allow => (services::Purpose::Unconfigured, with_the_form(problem)),
        // Nobody signs at the console.
        OwnConfig::Signed => (services::Purpose::Maintenance, signed_is_asked_for(problem)),
    }
}

/// Who could plug in a stick with a wish for a reset may type it, too. A rescue script is left alone.
fn asked_or_not(
    found: &FoundSources,
    policy: &Policy,
    problem: Problem,
) -> (services::Purpose, Problem) {
    let by_a_person = found.maintenance_asked_by.is_some() && !found.rescue;
    match by_a_person && policy.usb_stick == UsbStick::Allow {
        true => (services::Purpose::Asked, with_the_menu(problem)),
        false => (services::Purpose::Maintenance, problem),
    }
}

/// The form is the quickest cure for who stands in front of the machine.
fn with_the_form(problem: Problem) -> Problem {
    let form = "Press Enter at the machine's console: a form asks for what is needed.";
    Problem {
        cure: format!("{form} Or: {}", problem.cure),
        ..problem
    }
}

fn with_the_menu(problem: Problem) -> Problem {
    let menu = "Press Enter at the machine's console, where no login prompt is: a menu restarts it, powers it off, or resets it.";
    Problem {
        cure: format!("{menu} {}", problem.cure),
        ..problem
    }
}

/// What is put there must be signed.
fn signed_is_asked_for(problem: Problem) -> Problem {
    let text = "This image says `config: signed`: it takes a configuration only with config.yaml.sig beside it, which `holdfast config sign` makes.";
    Problem {
        text: format!("{}\n{text}", problem.text.trim_end()),
        ..problem
    }
}

/// The chain of causes in one text.
fn not_applied(error: &dyn Error) -> Problem {
    let mut text = error.to_string();
    let mut full = false;
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(&format!("\n  because: {cause}"));
        full |= cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::StorageFull);
        next = cause.source();
    }
    let cure = if full {
        "The state partition is full. Free some room below /var (`du -x -d2 -h /state`), then run `holdfast node configure`; or use a larger disk."
    } else {
        "Mend what the text names, then restart the machine or run `holdfast config apply FILE`."
    };
    Problem::new("The configuration could not be applied", text, cure)
}
