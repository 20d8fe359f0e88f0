//! What services of PID 1 do once the network is up: fetch keys, configuration, manifests and images; run the user's commands.

mod downloads;

pub use downloads::fetch_downloads;

use crate::configure::CONFIG;
use crate::fetch::{self, Effort, FetchError};
use crate::gather::gather;
use crate::machine::Machine;
use crate::plan::{FETCHED_KEYS, FETCHED_KEYS_CACHE, fetched_keys, words_of};
use crate::root::Root;
use crate::sources::{Media, StoredUrl, UrlCopy, find};
use init_api::atomic;
use init_api::paths::URL_TROUBLE;
use os_config::{Config, SourceName};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// An errand was not done, or not wholly.
#[derive(Debug, thiserror::Error)]
pub enum ErrandError {
    /// The node has no configuration.
    #[error("cannot read {CONFIG}; is this a configured Holdfast node?")]
    Config(#[source] io::Error),
    /// Something could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// A fetched configuration is not right; the last copy stays in force.
    #[error("what {url} gave is not a configuration:\n{report}")]
    BadConfig {
        /// Where it came from.
        url: String,
        /// What is wrong with it.
        report: String,
    },
    /// A fetched file is not text.
    #[error("what {url} gave is not text")]
    NotText {
        /// Where it came from.
        url: String,
        /// Why.
        source: io::Error,
    },
    /// A server gave something else than keys: a page that asks for a login, perhaps.
    #[error("what {url} gave holds no ssh key")]
    NoKeys {
        /// Where it came from.
        url: String,
    },
    /// A server gave nothing where something must be.
    #[error("what {url} gave is empty")]
    Empty {
        /// Where it came from.
        url: String,
    },
    /// A file could not be written.
    #[error("could not write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Several things failed; each was said when it did.
    #[error("{0} of them failed")]
    Several(usize),
}

/// The checked configuration in force.
///
/// # Errors
/// When there is none.
pub fn config_in_force(root: &Root) -> Result<Config, ErrandError> {
    let bytes = std::fs::read(root.path(CONFIG)).map_err(ErrandError::Config)?;
    serde_json::from_slice(&bytes).map_err(|error| ErrandError::Config(error.into()))
}

/// Fetches the keys of people named by account or URL and lets them in; keeps a copy for boots without a network.
///
/// # Errors
/// When a source failed; the others' keys, and the failed one's last copy, are in force.
pub fn fetch_keys(
    root: &Root,
    sources: &[os_config::SshKeySource],
    mut pause: impl FnMut(Duration),
) -> Result<(), ErrandError> {
    let (mut facts, _) = gather(root);
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
    // What a trial leaves out is wanted again when it goes back.
    if !facts.on_trial {
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
fn fetch_key_lines(url: &str, pause: &mut impl FnMut(Duration)) -> Result<String, ErrandError> {
    let text = fetch_text(url, Effort::USUAL, pause)?;
    let lines = key_lines(&text);
    if lines.is_empty() && !text.trim().is_empty() {
        return Err(ErrandError::NoKeys {
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

/// As [`fetch_config`], and leaves what went wrong in [`URL_TROUBLE`].
///
/// # Errors
/// As [`fetch_config`].
pub fn fetch_config_and_tell(
    root: &Root,
    media: &mut dyn Media,
    url: &str,
    pause: impl FnMut(Duration),
) -> Result<bool, ErrandError> {
    let done = fetch_config(root, media, url, pause);
    let trouble = root.path(URL_TROUBLE);
    let told = match &done {
        Ok(_) => std::fs::remove_file(&trouble),
        Err(error) => {
            let kept = if StoredUrl::new(root).load(url).is_some() {
                "the last good copy is in force"
            } else {
                "there is no copy from an earlier time; the node runs without it"
            };
            atomic::write(
                &trouble,
                0o600,
                format!("{error}; {kept}\n").as_bytes(),
                |_| Ok(()),
            )
        }
    };
    match told {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(not_written(URL_TROUBLE, error))
        }
        _ => done,
    }
}

/// Fetches `config_url`; a new text that is right together with the other sources is kept. True when it must be applied.
///
/// # Errors
/// When it cannot be had, or is not right; the last copy stays in force.
pub fn fetch_config(
    root: &Root,
    media: &mut dyn Media,
    url: &str,
    pause: impl FnMut(Duration),
) -> Result<bool, ErrandError> {
    let text = fetch::fetch(url, Effort::USUAL, pause)?;
    let stored = StoredUrl::new(root);
    let copy = UrlCopy {
        url: url.to_owned(),
        text,
    };
    if stored.holds(&copy) {
        return Ok(false);
    }
    let boot = init_api::load_if_present(root.path(init_api::paths::BOOT)).unwrap_or_default();
    let mut found = find(root, boot.as_ref(), media);
    found.sources.add(copy.source());
    if let Err(report) = os_config::load(&found.sources) {
        // What is wrong elsewhere is not this text's fault, and perhaps mended by it.
        if report
            .problems()
            .iter()
            .any(|problem| problem.source == Some(SourceName::Url))
        {
            return Err(ErrandError::BadConfig {
                url: fetch::shown(url),
                report: report.to_string(),
            });
        }
    }
    stored
        .store(&copy)
        .map_err(|source| not_written("/var/lib/holdfast/config/from-url.yaml", source))?;
    Ok(true)
}

/// Prints an error; true when there was one.
fn said(done: Result<(), ErrandError>) -> bool {
    if let Err(error) = &done {
        let cause = std::error::Error::source(error)
            .map(|cause| format!(": {cause}"))
            .unwrap_or_default();
        eprintln!("{error}{cause}");
    }
    done.is_err()
}

/// Runs `run_commands` in order; a failing one does not keep the next from running.
///
/// # Errors
/// When the configuration cannot be read, or commands failed; each was said when it did.
pub fn run_commands<M: Machine>(root: &Root, machine: &mut M) -> Result<(), ErrandError> {
    let config = config_in_force(root)?;
    // Returns as soon as NetworkManager says so; a site without a network gets its commands all the same, late.
    let wait = ["nm-online", "--quiet", "--timeout=120"].map(str::to_owned);
    if machine.run(&wait).is_err() {
        println!("no network after two minutes: running the commands without");
    }
    let mut failed = 0;
    for (index, command) in config.run_commands.iter().enumerate() {
        println!("run_commands[{index}]");
        // However long it takes; what it leaves running in the background is not waited for.
        if let Err(error) = machine.command(&words_of(command), Duration::MAX) {
            eprintln!("run_commands[{index}]: {error}");
            failed += 1;
        }
    }
    if failed == 0 {
        Ok(())
    } else {
        Err(ErrandError::Several(failed))
    }
}

fn fetch_text(
    url: &str,
    effort: Effort,
    pause: &mut impl FnMut(Duration),
) -> Result<String, ErrandError> {
    let body = fetch::fetch(url, effort, pause)?;
    fetch::text(body).map_err(|source| ErrandError::NotText {
        url: fetch::shown(url),
        source,
    })
}

fn write(root: &Root, path: impl AsRef<Path>, content: &[u8]) -> Result<(), ErrandError> {
    let path = path.as_ref();
    let full = root.path(path);
    if std::fs::read(&full).is_ok_and(|old| old == content) {
        return Ok(());
    }
    atomic::write(&full, 0o600, content, |_| Ok(())).map_err(|source| not_written(path, source))
}

fn not_written(path: impl Into<PathBuf>, source: io::Error) -> ErrandError {
    ErrandError::Write {
        path: path.into(),
        source,
    }
}
