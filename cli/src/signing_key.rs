//! The key with which a person vouches for a bundle or a configuration.

use anyhow::Context;
use bundle::PrivateKey;
use std::path::Path;

/// Reads an ed25519 key, PKCS#8.
///
/// # Errors
/// It cannot be read, or is no such key.
pub(crate) fn read(path: &Path) -> anyhow::Result<PrivateKey> {
    let pem = std::fs::read_to_string(path);
    let pem = pem.with_context(|| format!("cannot read {}", path.display()))?;
    PrivateKey::from_pem(&pem).with_context(|| format!("{} cannot be used", path.display()))
}
