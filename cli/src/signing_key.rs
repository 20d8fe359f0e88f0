//! The key with which a person vouches for a bundle or a configuration.

use crate::input;
use anyhow::bail;
use bundle::PrivateKey;
use release::keys::why_no_key;
use std::path::Path;

/// More than any key has.
const LARGEST: u64 = 64 << 10;

/// Reads an ed25519 key, PKCS#8.
///
/// # Errors
/// It cannot be read, or is no such key.
pub(crate) fn read(path: &Path) -> anyhow::Result<PrivateKey> {
    let bytes = input::small(path, LARGEST, "key")?;
    let pem = String::from_utf8_lossy(&bytes);
    let Ok(key) = PrivateKey::from_pem(&pem) else {
        bail!(
            "{} is no ed25519 key in PEM (PKCS#8): {}. `openssl genpkey -algorithm ed25519` makes one",
            path.display(),
            why_no_key(&pem)
        );
    };
    Ok(key)
}
