//! Private keys of the user's, looked at before a build begins, which would otherwise fail with its last step.

use crate::error::{Error, Result};
use crate::file;
use std::path::Path;

/// A key is in PEM and has no passphrase.
pub(crate) fn check(path: &Path) -> Result<()> {
    let key = file::read(path)?;
    if has(&key, "ENCRYPTED") {
        return Err(Error::Wrong(format!(
            "the key {0} has a passphrase, and a build cannot ask for it: write one without with `openssl pkey -in {0} -out {0}.pem`",
            path.display()
        )));
    }
    if !has(&key, "-----BEGIN") || !has(&key, "PRIVATE KEY-----") {
        return Err(Error::Wrong(format!(
            "{0} is no private key in PEM (-----BEGIN PRIVATE KEY-----): if it is in DER, convert it with `openssl pkey -inform der -in {0} -out {0}.pem`",
            path.display()
        )));
    }
    Ok(())
}

pub(crate) fn has(bytes: &[u8], words: &str) -> bool {
    bytes
        .windows(words.len())
        .any(|window| window == words.as_bytes())
}
