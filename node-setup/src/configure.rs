//! `holdfast node configure`: from the sources to a configured node.
//!
//! Flow: find sources → check → plan → execute → write `config.json`, `services.json`, last `last-good.yaml`. On a bad
//! configuration `problem.json` is written, and the network and ssh are set up by the last good one, so that the node can be
//! reached and mended. Guarantees: nothing of a bad configuration is applied; every file is written whole; no network is
//! needed. Assumption: state is mounted at `/var/lib/holdfast`, on disk or, when the disk is unusable, in memory.

use crate::execute::Executor;
use crate::facts::Facts;
use crate::fetch;
use crate::gather::{BEGUN, gather};
use crate::machine::Machine;
use crate::next_boot::{self, LAST_GOOD};
use crate::plan::{plan, plan_maintenance};
use crate::services::{self, Situation, services};
use crate::sources::{self, Found, Media, StoredUrl};
use host::file;
use init_api::Root;
use init_api::{BootRecord, Configured, Problem, Release, Services, paths};
use os_config::{Config, Loaded, Report, Source, SourceName, Sources};
use std::io;

/// How a configuration went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The node is configured.
    Applied,
    /// It is not; `problem.json` says why.
    Problem(Problem),
}

/// The node could not even say what is wrong.
#[derive(Debug, thiserror::Error)]
#[error("could not write {path}")]
pub struct CannotReport {
    /// The file.
    path: String,
    /// Why.
    source: io::Error,
}

/// Configures the node below `root`.
///
/// # Errors
/// Only when `/run/holdfast` cannot be written; everything else is an [`Outcome`].
pub fn configure<M: Machine>(
    root: &Root,
    media: &mut dyn Media,
    machine: M,
) -> Result<Outcome, CannotReport> {
    let boot: Option<BootRecord> =
        init_api::load_if_present(root.path(paths::BOOT)).unwrap_or_default();
    let first = !root.path(BEGUN).exists();
    let mut found = sources::find_with_known_sticks(root, boot.as_ref(), media, first);
    let loaded = load(root, &mut found);
    let mut executor = Executor::new(root.path("/"), machine);
    let (facts, strange) = gather(root);
    found.notes.extend(strange);
    record(root, BEGUN, &true)?;
    let done = loaded.and_then(|loaded| {
        let services = apply(root, &mut executor, &loaded, &facts, &mut found)?;
        Ok((loaded, services))
    });
    match done {
        Ok((loaded, services)) => {
            forget(root, paths::PROBLEM)?;
            if found.trial.is_none() {
                next_boot::keep(root, &found, &loaded, &services);
            }
            Ok(Outcome::Applied)
        }
        Err(problem) => {
            maintain(root, &mut executor, &facts, &mut found)?;
            record(root, paths::PROBLEM, &problem)?;
            Ok(Outcome::Problem(problem))
        }
    }
}

/// All sources together, the stored copy of `config_url` among them.
pub(crate) fn load(root: &Root, found: &mut Found) -> Result<Loaded, Problem> {
    if let Some(problem) = found.missing.take() {
        return Err(problem);
    }
    let loaded = os_config::load(&found.sources).map_err(|report| bad_config(&report))?;
    let Some(url) = loaded.config().config_url.as_ref() else {
        return Ok(loaded);
    };
    let Some(copy) = StoredUrl::new(root).load(url.as_str()) else {
        let url = fetch::shown(url.as_str());
        found.notes.push(format!("{url} has not been fetched yet"));
        return Ok(loaded);
    };
    found.sources.add(copy.source());
    os_config::load(&found.sources).map_err(|report| bad_config(&report))
}

fn bad_config(report: &Report) -> Problem {
    let first = report.problems().first();
    let file = first.map_or("config.yaml", |problem| problem.file.as_str());
    Problem::new(
        format!("The configuration is not right: {file}"),
        report.to_string(),
        "Mend config.yaml on the CONFIG partition (any PC shows it) and restart; or, on this machine, run \
         `holdfast config apply FILE`. `holdfast config check FILE` tells whether a file is right before you use it.",
    )
}

fn apply<M: Machine>(
    root: &Root,
    executor: &mut Executor<M>,
    loaded: &Loaded,
    facts: &Facts,
    found: &mut Found,
) -> Result<Services, Problem> {
    let config = loaded.config();
    let situation = Situation {
        trial: found.trial,
        maintenance: false,
    };
    let version = version(root);
    let services =
        services(config, facts, &version, situation).map_err(|error| not_applied(&error))?;
    let warnings = executor
        .execute(&plan(config, facts))
        .map_err(|error| not_applied(&error))?;
    found
        .notes
        .extend(warnings.into_iter().map(|warning| warning.0));
    let ignored = facts.founded.as_ref().map(|kept| kept.overrules(config));
    found.notes.extend(ignored.unwrap_or_default());
    if found.trial.is_some() {
        next_boot::forget_early_services(root).map_err(|error| not_applied(&error))?;
    }
    let settings = services::settings(config, facts, &version);
    runtime::prepare_containerd(&settings, &services::cluster_paths(root))
        .map_err(|error| not_applied(&error))?;
    let written = record(root, paths::CONFIG, config)
        .and_then(|()| record(root, paths::SERVICES, &services))
        .and_then(|()| record(root, paths::CONFIGURED, &report(found)));
    written
        .map(|()| services)
        .map_err(|error| not_applied(&error))
}

/// The chain of causes in one text.
fn not_applied(error: &dyn std::error::Error) -> Problem {
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

/// Network, ssh and console by the last good configuration; by the defaults where there is none.
fn maintain<M: Machine>(
    root: &Root,
    executor: &mut Executor<M>,
    facts: &Facts,
    found: &mut Found,
) -> Result<(), CannotReport> {
    let config = last_good(root, found);
    match executor.execute(&plan_maintenance(&config, facts)) {
        Ok(warnings) => found
            .notes
            .extend(warnings.into_iter().map(|warning| warning.0)),
        Err(error) => found.notes.push(not_applied(&error).text),
    }
    let situation = Situation {
        trial: found.trial,
        maintenance: true,
    };
    match services(&config, facts, &version(root), situation) {
        Ok(services) => record(root, paths::SERVICES, &services)?,
        Err(error) => found.notes.push(not_applied(&error).text),
    }
    record(root, paths::CONFIGURED, &report(found))
}

fn last_good(root: &Root, found: &mut Found) -> Config {
    let Ok(text) = std::fs::read(root.path(LAST_GOOD)) else {
        found
            .notes
            .push("there is no last good configuration: network by DHCP, no ssh keys".to_owned());
        return Config::default();
    };
    match os_config::load(&Sources::one(LAST_GOOD, text)) {
        Ok(loaded) => {
            found
                .notes
                .push("network and ssh are those of the last good configuration".to_owned());
            loaded.into_config()
        }
        Err(_) => {
            found.notes.push(format!(
                "{LAST_GOOD} is damaged: network by DHCP, no ssh keys"
            ));
            Config::default()
        }
    }
}

fn report(found: &Found) -> Configured {
    let shown = |source: &Source| format!("{}: {}", source.name, fetch::shown(&source.origin));
    Configured {
        sources: found.sources.as_slice().iter().map(shown).collect(),
        url_in_force: found
            .sources
            .as_slice()
            .iter()
            .any(|source| source.name == SourceName::Url),
        on_trial: found.trial.is_some(),
        incomplete: found.incomplete.clone(),
        warnings: found.notes.clone(),
    }
}

fn version(root: &Root) -> String {
    init_api::load::<Release>(root.path(paths::RELEASE)).map_or_else(
        |_| env!("CARGO_PKG_VERSION").to_owned(),
        |release| release.version,
    )
}

/// For root alone: a record may hold secrets, or quote what does.
fn record<T: serde::Serialize>(root: &Root, path: &str, record: &T) -> Result<(), CannotReport> {
    let full = root.path(path);
    let written = serde_json::to_vec_pretty(record)
        .map_err(io::Error::from)
        .and_then(|bytes| {
            if let Some(directory) = full.parent() {
                std::fs::create_dir_all(directory)?;
            }
            file::write(&full, 0o600, &bytes)
        });
    written.map_err(|source| CannotReport {
        path: path.to_owned(),
        source,
    })
}

fn forget(root: &Root, path: &str) -> Result<(), CannotReport> {
    file::remove(&root.path(path))
        .map(drop)
        .map_err(|source| CannotReport {
            path: path.to_owned(),
            source,
        })
}
