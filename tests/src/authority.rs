//! An authority for certificates, which nobody but one scenario knows.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// An authority, with its key in memory. What it signs is valid whatever a machine's clock says.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl Authority {
    /// A new one.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn make(name: &str) -> anyhow::Result<Self> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key)?.pem();
        let issuer = Issuer::new(params, key);
        Ok(Self {
            issuer,
            certificate,
        })
    }

    /// Its own certificate, as PEM text.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// A certificate for a server of this name and its key, as PEM texts.
    ///
    /// # Errors
    /// When no key can be made, or `name` is none.
    pub fn server(&self, name: &str) -> anyhow::Result<(String, String)> {
        let key = KeyPair::generate()?;
        let params = CertificateParams::new([name.to_owned()])?;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok((certificate, key.serialize_pem()))
    }
}

#[cfg(test)]
mod tests {
    use super::Authority;
    use std::fs;
    use std::process::Command;

    #[test]
    fn it_vouches_for_its_own_server_alone() {
        let folder = tempfile::tempdir().expect("folder");
        let write = |file: &str, text: &str| {
            fs::write(folder.path().join(file), text).expect("written");
        };
        let [ours, other] = ["ours", "other"].map(|name| Authority::make(name).expect("made"));
        let (certificate, key) = ours.server("localhost").expect("made");
        write("ours.pem", ours.certificate());
        write("other.pem", other.certificate());
        write("server.pem", &certificate);
        assert!(key.starts_with("-----BEGIN PRIVATE KEY-----"));
        for (authority, name, expected) in [
            ("ours.pem", "localhost", true),
            ("ours.pem", "elsewhere", false),
            ("other.pem", "localhost", false),
        ] {
            // A machine's clock may be years off.
            let said = Command::new("openssl")
                .current_dir(folder.path())
                .args(["verify", "-attime", "1000000000", "-CAfile", authority])
                .args(["-verify_hostname", name, "server.pem"])
                .output()
                .expect("openssl runs");
            assert_eq!(
                said.status.success(),
                expected,
                "{authority} {name}: {said:?}"
            );
        }
    }
}
