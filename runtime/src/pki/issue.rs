//! Making leaves.

use super::authority::Authorities;
use super::error::PkiError;
use super::issued::Issued;
use super::leaf::{Leaf, Usage};
use super::life::{self, Life};
use super::source::CertificateSource;
use super::trust::Trust;
use crate::{Paths, Role};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
};
use std::time::SystemTime;

/// The source of a node with this role.
///
/// # Errors
/// As [`Authorities::ensure`].
pub fn certificate_source(
    role: Role,
    paths: &Paths,
    now: SystemTime,
) -> Result<Box<dyn CertificateSource>, PkiError> {
    match role {
        Role::Server => Ok(Box::new(Authorities::ensure(&paths.pki(), now)?)),
    }
}

impl CertificateSource for Authorities {
    fn cluster_authority(&self) -> &str {
        self.cluster_pem()
    }

    fn trust(&self) -> &Trust {
        self.trust()
    }

    fn issue(&self, leaf: &Leaf, now: SystemTime) -> Result<Issued, PkiError> {
        self.issue_until(leaf, Life::from(now).end())
    }
}

impl Authorities {
    /// A certificate with a new key that ends at `end`.
    ///
    /// # Errors
    /// A name cannot stand in a certificate.
    pub fn issue_until(&self, leaf: &Leaf, end: SystemTime) -> Result<Issued, PkiError> {
        make(self, leaf, end).map_err(|source| PkiError::Make {
            name: leaf.name.into(),
            source,
        })
    }
}

fn make(authorities: &Authorities, leaf: &Leaf, end: SystemTime) -> Result<Issued, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(leaf.names.clone())?;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, leaf.common_name.as_str());
    if let Some(group) = &leaf.group {
        params
            .distinguished_name
            .push(DnType::OrganizationName, group.as_str());
    }
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![match leaf.usage {
        Usage::Client => ExtendedKeyUsagePurpose::ClientAuth,
        Usage::Server => ExtendedKeyUsagePurpose::ServerAuth,
    }];
    params.use_authority_key_identifier_extension = true;
    params.not_before = life::begin();
    params.not_after = life::instant(end);
    let (signer, chain) = authorities.signer(leaf.signer);
    let certificate = params.signed_by(&key, signer)?.pem();
    Ok(Issued {
        certificate: certificate + chain,
        key: key.serialize_pem(),
    })
}
