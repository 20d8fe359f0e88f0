//! A configuration on trial: in force until confirmed, or gone by itself.
//!
//! The text lies in memory only, in place of the CONFIG partition's file. A service of PID 1 waits for the deadline, so the
//! end of an ssh session changes nothing, and a restart of the machine brings the old configuration back.

use host::file;
use init_api::Millis;
use init_api::Root;
use serde::{Deserialize, Serialize};
use std::io;

/// The text on trial.
pub const FILE: &str = "/run/holdfast/try.yaml";
/// Its signatures, if it has any.
const SIGNATURES: &str = "/run/holdfast/try.yaml.sig";
const ABOUT: &str = "/run/holdfast/try.json";

/// Until when a configuration is on trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// When it ends, since the kernel's start.
    pub ends_ms: Millis,
}

/// Puts a text on trial. It is in force with the next configuration.
///
/// # Errors
/// When memory cannot be written.
pub fn begin(root: &Root, text: &[u8], signatures: Option<&[u8]>, trial: Trial) -> io::Result<()> {
    // The deadline first: a text without one would never go.
    file::write(&root.path(ABOUT), 0o600, serde_json::to_vec(&trial)?)?;
    match signatures {
        Some(lines) => file::write(&root.path(SIGNATURES), 0o600, lines)?,
        None => file::remove(&root.path(SIGNATURES)).map(drop)?,
    }
    file::write(&root.path(FILE), 0o600, text)
}

/// The signatures of the text on trial.
///
/// # Errors
/// When they cannot be read.
pub(crate) fn signatures(root: &Root) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(root.path(SIGNATURES)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}

/// The trial under way, with its text.
///
/// # Errors
/// When its files cannot be read.
pub fn current(root: &Root) -> io::Result<Option<(Trial, Vec<u8>)>> {
    let text = match std::fs::read(root.path(FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let about = std::fs::read(root.path(ABOUT))?;
    Ok(Some((serde_json::from_slice(&about)?, text)))
}

/// Ends the trial; the next configuration is the CONFIG partition's again.
///
/// # Errors
/// When the text cannot be removed.
pub fn end(root: &Root) -> io::Result<()> {
    for path in [FILE, SIGNATURES, ABOUT] {
        file::remove(&root.path(path))?;
    }
    Ok(())
}
