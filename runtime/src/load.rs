//! Reading what the node already decided: `config.json`, `release.json`, the hostname.

use crate::{ClusterSettings, Founding, FoundingError, Paths};
use init_api::Release;
use os_config::Config;
use std::fs;
use std::path::PathBuf;
use thiserror::Error;

/// The node's own records cannot be used.
#[derive(Debug, Error)]
pub enum LoadError {
    /// A record cannot be read.
    #[error("cannot read {path}; has `holdfast node configure` run?")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A record is not what it should be.
    #[error("{path} is not what it should be; run `holdfast node configure` again")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why, with line and column.
        source: serde_json::Error,
    },
    /// What the cluster was founded with cannot be told.
    #[error(transparent)]
    Founding(#[from] FoundingError),
}

/// The settings of this node, from the checked configuration in `/run/holdfast/config.json`.
///
/// # Errors
/// A record is missing or damaged.
pub fn load_settings(paths: &Paths) -> Result<ClusterSettings, LoadError> {
    let config: Config = json(paths.at("/run/holdfast/config.json"))?;
    let release: Release = json(paths.at(init_api::paths::RELEASE))?;
    let hostname = text(paths.at("/proc/sys/kernel/hostname"))?;
    let founded = Founding::load(paths)?;
    Ok(ClusterSettings::of(
        &config,
        hostname.trim(),
        &release.version,
        founded.as_ref(),
    ))
}

fn json<T: serde::de::DeserializeOwned>(path: PathBuf) -> Result<T, LoadError> {
    let content = text(path.clone())?;
    serde_json::from_str(&content).map_err(|source| LoadError::Parse { path, source })
}

fn text(path: PathBuf) -> Result<String, LoadError> {
    fs::read_to_string(&path).map_err(|source| LoadError::Read { path, source })
}
