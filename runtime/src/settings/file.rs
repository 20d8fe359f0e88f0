//! The settings as the rest of the runtime finds them.

use super::founding::{Founding, FoundingError};
use super::record::Settings;
use crate::Paths;
use init_api::paths::SETTINGS;
use thiserror::Error;

/// The settings cannot be had.
#[derive(Debug, Error)]
pub enum LoadError {
    /// They cannot be read.
    #[error("cannot read this node's settings; has `holdfast node configure` run?")]
    Settings(#[from] init_api::FileError),
    /// What the cluster was founded with cannot be told.
    #[error(transparent)]
    Founding(#[from] FoundingError),
}

/// The settings of this node. They may have been written before the cluster was founded, so what it was founded with is read
/// again.
///
/// # Errors
/// They are missing or damaged, or so is what the cluster was founded with.
pub fn load_settings(paths: &Paths) -> Result<Settings, LoadError> {
    let settings: Settings = init_api::load(paths.at(SETTINGS))?;
    Ok(match Founding::load(paths)? {
        Some(founded) => settings.founded_as(&founded),
        None => settings,
    })
}
