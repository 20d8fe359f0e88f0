//! What services of PID 1 do once the network is up: fetch keys, configuration, manifests and images; run the user's commands.

mod downloads;
mod keys;

pub use downloads::fetch_downloads;
pub use keys::{fetch_keys, key_lines};

use crate::fetch::{self, Effort, FetchError};
use crate::machine::Machine;
use crate::plan::program_and_arguments;
use crate::policy::{ConfigUrl, NotVouched, Policy, signature_url};
use crate::sources::{Media, StoredUrl, UrlCopy, find};
use host::file;
use init_api::Root;
use init_api::paths::{CONFIG, URL_TROUBLE};
use os_config::{Config, SourceName};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Something was not done, or not wholly.
#[derive(Debug, thiserror::Error)]
pub enum OnlineError {
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
    /// The image asks for a signature, and there is none that counts.
    #[error("what {url} gave is not believed: {why}")]
    NotVouched {
        /// Where it came from.
        url: String,
        /// Why, with what to do.
        why: NotVouched,
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
pub fn config_in_force(root: &Root) -> Result<Config, OnlineError> {
    let bytes = std::fs::read(root.path(CONFIG)).map_err(OnlineError::Config)?;
    serde_json::from_slice(&bytes).map_err(|error| OnlineError::Config(error.into()))
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
) -> Result<bool, OnlineError> {
    let done = fetch_config(root, media, url, pause);
    let trouble = root.path(URL_TROUBLE);
    let told = match &done {
        Ok(_) => file::remove(&trouble).map(drop),
        Err(error) => {
            let kept = if StoredUrl::new(root).load(url).is_some() {
                "the last good copy is in force"
            } else {
                "there is no copy from an earlier time; the node runs without it"
            };
            let text = format!("{}; {kept}\n", with_cause(error));
            file::write(&trouble, 0o600, text)
        }
    };
    told.map_err(|error| not_written(URL_TROUBLE, error))?;
    done
}

/// Fetches `config_url`; a new text that is right together with the other sources is kept. True when it must be applied.
///
/// # Errors
/// When it cannot be had, or is not right; the last copy stays in force.
pub fn fetch_config(
    root: &Root,
    media: &mut dyn Media,
    url: &str,
    mut pause: impl FnMut(Duration),
) -> Result<bool, OnlineError> {
    let text = fetch::fetch(url, Effort::USUAL, &mut pause)?;
    let (policy, _) = Policy::read(root);
    let signatures = match (policy.config_url, signature_url(url)) {
        (ConfigUrl::Signed, Some(beside)) => {
            Some(fetch_text(&beside, Effort::USUAL, None, &mut pause)?)
        }
        _ => None,
    };
    let stored = StoredUrl::new(root);
    let copy = UrlCopy {
        url: url.to_owned(),
        text,
        signatures,
    };
    copy.believed(&policy)
        .map_err(|why| OnlineError::NotVouched {
            url: fetch::shown(url),
            why,
        })?;
    if stored.holds(&copy) {
        return Ok(false);
    }
    let mut sources = find(root, media).sources;
    sources.add(copy.source());
    if let Err(report) = os_config::load(&sources) {
        // What is wrong elsewhere is not this text's fault, and perhaps mended by it.
        if report
            .problems()
            .iter()
            .any(|problem| problem.source == Some(SourceName::Url))
        {
            return Err(OnlineError::BadConfig {
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
fn print_error(done: Result<(), OnlineError>) -> bool {
    if let Err(error) = &done {
        eprintln!("{}", with_cause(error));
    }
    done.is_err()
}

fn with_cause(error: &OnlineError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// Runs `run_commands` in order; a failing one does not keep the next from running.
///
/// # Errors
/// When the configuration cannot be read, or commands failed; each was said when it did.
pub fn run_commands<M: Machine>(root: &Root, machine: &mut M) -> Result<(), OnlineError> {
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
        if let Err(error) = machine.command(&program_and_arguments(command), None) {
            eprintln!("run_commands[{index}]: {error}");
            failed += 1;
        }
    }
    if failed == 0 {
        Ok(())
    } else {
        Err(OnlineError::Several(failed))
    }
}

fn fetch_text(
    url: &str,
    effort: Effort,
    sha256: Option<&str>,
    pause: &mut impl FnMut(Duration),
) -> Result<String, OnlineError> {
    let body = fetch::fetch_checked(url, effort, sha256, pause)?;
    fetch::text(body).map_err(|source| OnlineError::NotText {
        url: fetch::shown(url),
        source,
    })
}

fn write(root: &Root, path: impl AsRef<Path>, content: &[u8]) -> Result<(), OnlineError> {
    let path = path.as_ref();
    file::write_if_changed(&root.path(path), 0o600, content)
        .map(drop)
        .map_err(|source| not_written(path, source))
}

fn not_written(path: impl Into<PathBuf>, source: io::Error) -> OnlineError {
    OnlineError::Write {
        path: path.into(),
        source,
    }
}
