//! The key that Secrets are encrypted with at rest.

use super::PkiError;
use crate::datastore::cluster_exists;
use crate::file::{self, PlannedFile};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::path::Path;

const KEY: usize = 32;

/// Makes the encryption configuration for the API server with a fresh random key, unless it is there.
///
/// It is made before the authorities, and they before the datastore, so a cluster that has either has had this file.
///
/// # Errors
/// It is gone although `pki` or the datastore beside it exists, no random bytes are to be had, or it cannot be written.
pub fn ensure_encryption(path: &Path, pki: &Path) -> Result<(), PkiError> {
    if path.is_file() {
        return Ok(());
    }
    if pki.is_dir() || pki.parent().is_some_and(cluster_exists) {
        return Err(PkiError::NoEncryptionKey { path: path.into() });
    }
    let mut key = [0_u8; KEY];
    file::random(&mut key)?;
    let planned = PlannedFile::new(path.to_path_buf(), 0o600, render(&STANDARD.encode(key)));
    Ok(file::write_lasting(&planned)?)
}

/// `secretbox` (XSalsa20-Poly1305): random nonces of 24 bytes, so one key serves for the life of a cluster; AES-GCM
/// would have to be rotated every 200 000 writes.
fn render(key: &str) -> String {
    format!(
        "\
# Losing this file means losing every Secret of the cluster. Never share it.
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
  - resources: [secrets]
    providers:
      - secretbox:
          keys:
            - name: key1
              secret: {key}
      - identity: {{}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::ensure_encryption;
    use crate::pki::PkiError;
    use std::fs;

    #[test]
    fn made_once_kept_and_missed() {
        let folder = tempfile::tempdir().expect("temp folder");
        let (path, pki) = (
            folder.path().join("encryption.yaml"),
            folder.path().join("pki"),
        );
        ensure_encryption(&path, &pki).expect("made");
        let first = fs::read_to_string(&path).expect("read");
        fs::create_dir(&pki).expect("pki");
        ensure_encryption(&path, &pki).expect("kept");
        assert_eq!(fs::read_to_string(&path).expect("read"), first);
        fs::remove_file(&path).expect("remove");
        let error = ensure_encryption(&path, &pki).expect_err("missed");
        assert!(matches!(error, PkiError::NoEncryptionKey { .. }), "{error}");
        assert!(error.to_string().contains("restore it from a backup"));
    }
}
