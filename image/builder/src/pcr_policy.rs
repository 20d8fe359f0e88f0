//! What a key in a TPM is sealed to: signatures of what the UKI leaves in PCR 11.
//!
//! systemd's stub measures the UKI before it starts the kernel. A signature says of the one value that comes out of that, for each
//! profile, that it is a release's. What is sealed to the public key opens after every release that has a signature by it, and after
//! nothing else. `systemd-measure` calculates and signs, as `ukify` has it do; that no words of phases follow (`--phase=`) is because
//! our PID 1 measures none: the policy is of the moment in which the kernel starts.

use crate::error::{Error, Result};
use crate::file;
use crate::private_key;
use crate::program::Program;
use crate::tools::Tools;
use formats::uki::{Section, Uki, measured};
use std::path::{Path, PathBuf};

/// Every TPM takes keys of this length; a shorter one could be broken.
const LEAST_BITS: usize = 2048;

/// A key of the user's to sign what is measured with.
#[derive(Debug, Clone)]
pub struct PcrKey(PathBuf);

impl PcrKey {
    /// The file of a private RSA key: PEM, without a passphrase.
    #[must_use]
    pub fn new(file: PathBuf) -> Self {
        Self(file)
    }

    /// Looks at the file.
    ///
    /// # Errors
    /// When it cannot be read, is not PEM, or is no RSA key that a TPM takes.
    pub fn check(&self) -> Result<()> {
        private_key::check(&self.0)?;
        let printed = Program::new("openssl")
            .args(["rsa", "-noout", "-modulus", "-in"])
            .arg(&self.0)
            .text();
        let modulus = match &printed {
            Ok(text) => text.trim().strip_prefix("Modulus=").unwrap_or_default(),
            Err(Error::Program { .. }) => "",
            Err(_) => return printed.map(|_| ()),
        };
        // Four bits a digit.
        if modulus.len() * 4 >= LEAST_BITS {
            return Ok(());
        }
        Err(Error::Wrong(format!(
            "{} is no RSA key of {LEAST_BITS} bits or more, which is what a TPM checks signatures by: make one with `openssl genrsa -out pcr.pem {LEAST_BITS}`",
            self.0.display()
        )))
    }

    fn public(&self) -> Result<Vec<u8>> {
        Program::new("openssl")
            .args(["pkey", "-pubout", "-in"])
            .arg(&self.0)
            .stdout()
    }
}

/// A key, and the program that signs with it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signer<'a> {
    pub(crate) key: &'a PcrKey,
    pub(crate) tools: &'a Tools,
}

impl Signer<'_> {
    /// Makes the image with the public key, and with a signature for each profile.
    pub(crate) fn build(&self, uki: &Uki<'_>, stub: &[u8]) -> Result<Vec<u8>> {
        let public = self.key.public()?;
        let unsigned = Uki {
            pcr_key: &public,
            ..*uki
        };
        // What is measured is read from the program itself; signatures are no part of it.
        let program = unsigned.build(stub).map_err(Error::format("the UKI"))?;
        let main = self.signature(&program, 0)?;
        let others = (1..=uki.profiles.len()).map(|profile| self.signature(&program, profile));
        let others = others.collect::<Result<Vec<_>>>()?;
        let mut profiles = uki.profiles.to_vec();
        for (profile, signature) in profiles.iter_mut().zip(&others) {
            profile.pcr_signature = signature;
        }
        let signed = Uki {
            pcr_signature: &main,
            profiles: &profiles,
            ..unsigned
        };
        signed.build(stub).map_err(Error::format("the UKI"))
    }

    /// The signature of what is measured when a profile is started.
    fn signature(&self, program: &[u8], profile: usize) -> Result<Vec<u8>> {
        let measured = measured(program, profile).map_err(Error::format("the UKI"))?;
        let measured = measured.ok_or_else(|| {
            Error::Wrong(format!("the UKI has no profile {profile} to be signed"))
        })?;
        let folder = tempfile::tempdir().map_err(Error::write(Path::new("a temporary folder")))?;
        let mut sign = self
            .tools
            .program("usr/lib/systemd/systemd-measure", "systemd-measure")
            .args(["sign", "--bank=sha256", "--phase=", "--json=short"])
            .arg("--private-key")
            .arg(&self.key.0);
        for section in &measured {
            let (option, path) = section_file(section, folder.path())?;
            sign = sign.arg(option).arg(path);
        }
        sign.stdout()
    }
}

/// A section as a file, and the option that names it.
fn section_file(section: &Section<'_>, folder: &Path) -> Result<(String, PathBuf)> {
    let name = section.name.trim_start_matches('.');
    let path = folder.join(name);
    file::write(&path, &section.in_memory())?;
    Ok((format!("--{name}"), path))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A private key, made now.
    fn key(folder: &Path, name: &str, options: &[&str]) -> PathBuf {
        let path = folder.join(name);
        Program::new("openssl")
            .arg("genpkey")
            .args(options)
            .arg("-out")
            .arg(&path)
            .stdout()
            .expect("openssl, from tools/setup");
        path
    }

    #[test]
    fn only_a_key_that_a_tpm_takes_passes() {
        let folder = tempfile::tempdir().expect("temp dir");
        let make = |name, options: &[&str]| key(folder.path(), name, options);
        let rsa = |name, bits| make(name, &["-algorithm", "RSA", "-pkeyopt", bits]);
        for bits in ["rsa_keygen_bits:2048", "rsa_keygen_bits:3072"] {
            let key = PcrKey::new(rsa("good", bits));
            key.check()
                .unwrap_or_else(|error| panic!("{bits}: {error}"));
        }
        let der = folder.path().join("der");
        std::fs::write(&der, [0x30, 0x82]).expect("written");
        let cases = [
            ("missing", folder.path().join("missing"), "cannot read "),
            ("DER", der, " is no private key in PEM"),
            (
                "short",
                rsa("short", "rsa_keygen_bits:1024"),
                " is no RSA key of 2048 bits",
            ),
            (
                "no RSA",
                make("ed25519", &["-algorithm", "ED25519"]),
                " is no RSA key of 2048 bits",
            ),
        ];
        for (name, path, says) in cases {
            let error = PcrKey::new(path.clone()).check().expect_err(name);
            let text = error.to_string();
            let names = path.display().to_string();
            assert!(
                text.contains(says) && text.contains(&names),
                "{name}: {text}"
            );
        }
    }
}
