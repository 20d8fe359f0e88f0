//! What a configuration says of itself: `configured.json`, and `problem.json` where there is one.

use crate::fetch;
use crate::notes::Notes;
use crate::sources::FoundSources;
use host::file;
use init_api::interface::{By, Wanted};
use init_api::{Configured, FileError, Problem, Root, paths};
use os_config::{Config, InterfaceMatch, Source, SourceName, Sources};

/// The report of a configuration that came from `sources`.
pub(crate) fn configured(
    found: &FoundSources,
    sources: &Sources,
    instead: Option<Problem>,
    notes: Notes,
) -> Configured {
    let shown = |source: &Source| format!("{}: {}", source.name, fetch::shown(&source.origin));
    let all = sources.as_slice();
    let stands_in = instead.as_ref().map(|_| {
        "the last good configuration is in force instead of the one that was found".to_owned()
    });
    Configured {
        sources: all.iter().map(shown).collect(),
        url_in_force: all.iter().any(|source| source.name == SourceName::Url),
        on_trial: found.trial.is_some(),
        incomplete: stands_in.or_else(|| found.incomplete.clone()),
        instead,
        failed: notes.failed,
        warnings: notes.said,
        ..Configured::default()
    }
}

/// The interfaces that a configuration has settings for.
pub(crate) fn interfaces(config: &Config) -> Vec<Wanted> {
    let network = &config.network;
    let cables = network.interfaces.iter().enumerate().map(|(at, one)| {
        let (key, by) = match &one.select {
            InterfaceMatch::Name(name) => ("name", By::Name(name.to_string())),
            InterfaceMatch::Mac(mac) => ("match.mac", By::Mac(mac.as_str().to_ascii_lowercase())),
        };
        let key = format!("network.interfaces[{at}].{key}");
        Wanted { key, by }
    });
    let radios = network.wifi.iter().enumerate().filter_map(|(at, wifi)| {
        let key = format!("network.wifi[{at}].interface");
        let by = By::Name(wifi.interface.as_ref()?.to_string());
        Some(Wanted { key, by })
    });
    cables.chain(radios).collect()
}

/// Writes the report, and why the node is in maintenance mode, if it is.
///
/// # Errors
/// `/run/holdfast` cannot be written.
pub(crate) fn write(
    root: &Root,
    configured: &Configured,
    problem: Option<&Problem>,
) -> Result<(), FileError> {
    init_api::store(root.path(paths::CONFIGURED), configured)?;
    let path = root.path(paths::PROBLEM);
    match problem {
        Some(problem) => init_api::store(path, problem),
        None => file::remove(&path)
            .map(drop)
            .map_err(|source| FileError::Write { path, source }),
    }
}
