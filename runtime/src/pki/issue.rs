//! Making leaves.

use super::leaf::{Leaf, Signer, Usage};
use super::{Authorities, Life, PkiError, life};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
};
use std::time::SystemTime;

/// A leaf and its key, PEM.
#[derive(Clone, PartialEq, Eq)]
pub struct Issued {
    /// The certificate.
    pub certificate: String,
    /// Its private key (PKCS #8).
    pub key: String,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Issued(..)")
    }
}

impl Issued {
    /// Both in one text. Kept in one file they are replaced in one rename, so no component ever reads a certificate
    /// with another one's key; Go's loader and openssl take each part from it.
    pub fn combined(&self) -> String {
        format!("{}{}", self.certificate, self.key)
    }
}

impl Issued {
    /// The parts of [`Issued::combined`].
    pub fn split(combined: &str) -> Self {
        let key = combined
            .find("-----BEGIN PRIVATE KEY")
            .unwrap_or(combined.len());
        let (certificate, key) = combined.split_at(key);
        Self {
            certificate: certificate.into(),
            key: key.into(),
        }
    }
}

/// Makes a leaf with a new key.
///
/// # Errors
/// A name in it cannot stand in a certificate.
pub fn issue(authorities: &Authorities, leaf: &Leaf, now: SystemTime) -> Result<Issued, PkiError> {
    make(authorities, leaf, now).map_err(|source| PkiError::Make {
        name: leaf.name.into(),
        source,
    })
}

fn make(authorities: &Authorities, leaf: &Leaf, now: SystemTime) -> Result<Issued, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(leaf.names.clone())?;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, leaf.common_name.as_str());
    if let Some(group) = leaf.group {
        params
            .distinguished_name
            .push(DnType::OrganizationName, group);
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![match leaf.usage {
        Usage::Client => ExtendedKeyUsagePurpose::ClientAuth,
        Usage::Server => ExtendedKeyUsagePurpose::ServerAuth,
    }];
    params.use_authority_key_identifier_extension = true;
    params.not_before = life::begin();
    params.not_after = life::instant(Life::from(now).end());
    let signer = match leaf.signer {
        Signer::Cluster => &authorities.cluster,
        Signer::FrontProxy => &authorities.front_proxy,
    };
    let certificate = params.signed_by(&key, signer)?;
    Ok(Issued {
        certificate: certificate.pem(),
        key: key.serialize_pem(),
    })
}
