//! Signatures for UEFI Secure Boot, with a key of the user's.

use crate::error::{Error, Result};
use crate::file;
use crate::private_key::{self, has};
use crate::program::Program;
use std::path::{Path, PathBuf};

/// A key of the user's to sign with.
#[derive(Debug, Clone)]
pub struct SecureBoot {
    /// Private key, PEM, without a passphrase.
    pub key: PathBuf,
    /// Its certificate, PEM.
    pub certificate: PathBuf,
}

impl SecureBoot {
    /// Looks at both files.
    ///
    /// # Errors
    /// The file that cannot be read or is not PEM of its kind. Whether key and certificate belong together is found out
    /// by signing.
    pub fn check(&self) -> Result<()> {
        private_key::check(&self.key)?;
        if !has(
            &file::read(&self.certificate)?,
            "-----BEGIN CERTIFICATE-----",
        ) {
            return Err(Error::Wrong(format!(
                "{0} is no certificate in PEM (-----BEGIN CERTIFICATE-----): if it is in DER, convert it with `openssl x509 -inform der -in {0} -out {0}.pem`",
                self.certificate.display()
            )));
        }
        Ok(())
    }

    /// The EFI program with a signature.
    ///
    /// # Errors
    /// When `sbsign` is missing, or refuses the program, the key or the certificate.
    pub fn sign(&self, program: &[u8]) -> Result<Vec<u8>> {
        let folder = tempfile::tempdir().map_err(Error::write(Path::new("a temporary folder")))?;
        let (unsigned, signed) = (folder.path().join("unsigned"), folder.path().join("signed"));
        file::write(&unsigned, program)?;
        Program::new("sbsign")
            .arg("--key")
            .arg(&self.key)
            .arg("--cert")
            .arg(&self.certificate)
            .arg("--output")
            .arg(&signed)
            .arg(&unsigned)
            .stdout()?;
        file::read(&signed)
    }
}

#[cfg(test)]
#[path = "../tests/image/key_pair.rs"]
mod key_pair;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn pair(folder: &Path, name: &str) -> SecureBoot {
        let (key, certificate) = key_pair::key_pair(folder, name);
        SecureBoot { key, certificate }
    }

    #[test]
    fn a_good_pair_passes_and_a_stranger_to_its_key_is_refused() {
        let folder = tempfile::tempdir().expect("temp dir");
        let (mine, other) = (pair(folder.path(), "mine"), pair(folder.path(), "other"));
        mine.check().expect("a good pair");
        let mixed = SecureBoot {
            certificate: other.certificate,
            ..mine
        };
        let stub = include_bytes!("../../../tests/fuzz/seeds/uki/stub");
        mixed
            .sign(stub)
            .expect_err("the pair does not belong together");
    }

    #[test]
    fn wrong_files_are_told_before_the_build() {
        let folder = tempfile::tempdir().expect("temp dir");
        let good = pair(folder.path(), "good");
        let missing = folder.path().join("missing");
        let der = folder.path().join("der");
        std::fs::write(&der, [0x30, 0x82, 0x03, 0x0f]).expect("written");
        let locked = folder.path().join("locked");
        let begin = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n";
        std::fs::write(&locked, begin).expect("written");
        let (key, certificate) = (&good.key, &good.certificate);
        let cases = [
            (&missing, certificate, "cannot read ", &missing),
            (key, &missing, "cannot read ", &missing),
            (&der, certificate, " is no private key in PEM", &der),
            (certificate, certificate, " is no private key", certificate),
            (&locked, certificate, " has a passphrase", &locked),
            (key, &der, " is no certificate in PEM", &der),
            (key, key, " is no certificate in PEM", key),
        ];
        for (key, certificate, says, names) in cases {
            let (key, certificate) = (key.clone(), certificate.clone());
            let error = SecureBoot { key, certificate }.check().expect_err(says);
            let text = error.to_string();
            assert!(
                text.contains(says) && text.contains(&names.display().to_string()),
                "{text}"
            );
        }
    }
}
