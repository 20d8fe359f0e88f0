//! What the sources say together.

use crate::fetch;
use crate::policy::Policy;
use crate::sources::{FoundSources, StoredUrl};
use init_api::{Problem, Root};
use os_config::{Loaded, Report, Sources};

/// The outcome of reading all sources.
#[derive(Debug)]
pub(crate) struct Reading {
    /// All of them, the stored copy of what `config_url` names among them.
    pub(crate) sources: Sources,
    /// The configuration, or what is wrong with it.
    pub(crate) configuration: Result<Loaded, Problem>,
    /// Things worth telling that are no obstacle.
    pub(crate) notes: Vec<String>,
}

/// Reads the sources that were found.
pub(crate) fn read(root: &Root, found: &FoundSources) -> Reading {
    let alone = |configuration| Reading {
        sources: found.sources.clone(),
        configuration,
        notes: Vec::new(),
    };
    if let Some(problem) = &found.missing {
        return alone(Err(problem.clone()));
    }
    read_sources(root, found.sources.clone())
}

/// Reads these sources, and the stored copy of what the `config_url` among them names.
pub(crate) fn read_sources(root: &Root, mut sources: Sources) -> Reading {
    let mut notes = Vec::new();
    let mut configuration = os_config::load(&sources);
    let url = configuration.as_ref().ok();
    let url = url.and_then(|loaded| loaded.config().config_url.clone());
    if let Some(url) = url {
        match StoredUrl::new(root).load(url.as_str()) {
            Some(copy) => match copy.believed(&Policy::read(root).0) {
                Ok(()) => {
                    sources.add(copy.source());
                    configuration = os_config::load(&sources);
                }
                Err(why) => notes.push(format!(
                    "what {} gave is not believed: {why}",
                    fetch::shown(url.as_str())
                )),
            },
            None => {
                let url = fetch::shown(url.as_str());
                notes.push(format!("{url} has not been fetched yet"));
            }
        }
    }
    Reading {
        sources,
        configuration: configuration.map_err(|report| not_right(&report)),
        notes,
    }
}

fn not_right(report: &Report) -> Problem {
    let first = report.problems().first();
    let place = first.map_or_else(
        || "config.yaml".to_owned(),
        |problem| format!("{}:{}", problem.file, problem.line),
    );
    // The console has one line for it, so the line of the file stands in the title.
    Problem::new(
        format!("The configuration is not right: {place}"),
        report.to_string(),
        "Mend config.yaml on the CONFIG partition (any PC shows it) and restart; or, on this machine, run \
         `holdfast config apply FILE`. `holdfast config check FILE` shows whether a file is right before you use it.",
    )
}
