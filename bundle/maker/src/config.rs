//! The configuration beside a bundle.

use crate::error::MakeError;
use std::path::Path;

const NAME: &str = "config.yaml";
const SIGNATURES: &str = "config.yaml.sig";

/// A checked configuration for a stick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StickConfig {
    /// The text of `config.yaml`.
    pub text: Vec<u8>,
    /// The lines of `config.yaml.sig`, for nodes that believe no other.
    pub signatures: Option<Vec<u8>>,
}

impl StickConfig {
    /// Writes it to the top of a stick.
    pub(crate) fn write(&self, stick: &Path) -> Result<(), MakeError> {
        let (config, signatures) = (stick.join(NAME), stick.join(SIGNATURES));
        // Signatures of an earlier run are of another text.
        host::file::remove(&signatures).map_err(MakeError::write(&signatures))?;
        host::file::write(&config, 0o600, &self.text).map_err(MakeError::write(&config))?;
        let Some(lines) = &self.signatures else {
            return Ok(());
        };
        host::file::write(&signatures, 0o644, lines).map_err(MakeError::write(&signatures))
    }
}
