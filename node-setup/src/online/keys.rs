//! ssh keys that are named by account or address.

use super::{OnlineError, fetch_text, not_written, write};
use crate::facts::{FETCHED_KEYS_CACHE, Facts};
use crate::fetch::{self, Effort};
use crate::plan::{FETCHED_KEYS, fetched_keys};
use init_api::paths::CONFIGURED;
use init_api::{Configured, Root};
use std::time::Duration;

/// Fetches the keys of people named by account or URL and lets them in; keeps a copy for boots without a network.
///
/// # Errors
/// When a source failed; the others' keys, and the failed one's last copy, are in force.
pub fn fetch_keys(
    root: &Root,
    sources: &[os_config::SshKeySource],
    mut pause: impl FnMut(Duration),
) -> Result<(), OnlineError> {
    let (mut facts, _) = Facts::read(root);
    let old = facts.fetched_keys.clone();
    let mut failed = None;
    for source in sources {
        let Some(url) = source.url() else { continue };
        match fetch_key_lines(&url, &mut pause) {
            Ok(lines) => {
                facts.fetched_keys.insert(source.to_string(), lines);
            }
            Err(error) => {
                eprintln!("{}: {error}", fetch::shown(&source.to_string()));
                failed = Some(error);
            }
        }
    }
    // What a trial leaves out is wanted again when it goes back; so it is with the last good configuration.
    let stands_in = init_api::load::<Configured>(root.path(CONFIGURED))
        .is_ok_and(|configured| configured.instead.is_some());
    if !facts.provisional && !stands_in {
        facts
            .fetched_keys
            .retain(|name, _| sources.iter().any(|source| source.to_string() == *name));
    }
    write(root, FETCHED_KEYS, fetched_keys(sources, &facts).as_bytes())?;
    if facts.fetched_keys != old {
        let cache = serde_json::to_vec(&facts.fetched_keys)
            .map_err(|error| not_written(FETCHED_KEYS_CACHE, error.into()))?;
        write(root, FETCHED_KEYS_CACHE, &cache)?;
    }
    failed.map_or(Ok(()), Err)
}

/// The keys that `url` gives. An account without any is one; a page without any is not the keys' page.
fn fetch_key_lines(url: &str, pause: &mut impl FnMut(Duration)) -> Result<String, OnlineError> {
    let text = fetch_text(url, Effort::USUAL, None, pause)?;
    let lines = key_lines(&text);
    if lines.is_empty() && !text.trim().is_empty() {
        return Err(OnlineError::NoKeys {
            url: fetch::shown(url),
        });
    }
    Ok(lines)
}

/// Only lines that are keys: a login page instead of keys must not get into the file.
pub fn key_lines(text: &str) -> String {
    let key = |line: &&str| {
        matches!(
            os_config::SshKeySource::parse(line),
            Ok(os_config::SshKeySource::Literal(_))
        )
    };
    text.lines()
        .map(str::trim)
        .filter(key)
        .map(|line| format!("{line}\n"))
        .collect()
}
