//! One generation of authorities: the cluster's, the one for requests in somebody's name, and the key that signs tokens.

use super::error::PkiError;
use super::life;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData as _,
};
use std::fs;
use std::path::Path;
use std::time::SystemTime;
use x509_parser::pem::parse_x509_pem;

const CLUSTER: &str = "ca";
const FRONT_PROXY: &str = "front-proxy-ca";
const TOKENS: &str = "service-account";

/// What one folder of authorities holds.
pub(super) struct Generation {
    pub(super) cluster: Authority,
    pub(super) front_proxy: Authority,
    tokens: KeyPair,
}

/// A certificate that signs others, with its key.
pub(super) struct Authority {
    pub(super) certificate: String,
    pub(super) issuer: Issuer<'static, KeyPair>,
}

impl Generation {
    /// The first one of a cluster.
    pub(super) fn first(now: SystemTime) -> Result<Self, PkiError> {
        Self::named(now, |_| String::new())
    }

    /// One that takes another's place. Its names are its own: two authorities of one name are told apart by their keys' digests
    /// alone, which not every program compares.
    pub(super) fn another(now: SystemTime) -> Result<Self, PkiError> {
        Self::named(now, |key| {
            let digest = host::digest::of_bytes(key.der_bytes());
            format!("-{}", digest.get(..8).unwrap_or_default())
        })
    }

    fn named(now: SystemTime, end: impl Fn(&KeyPair) -> String) -> Result<Self, PkiError> {
        let authority = |name: &str, file: &str| {
            let key = KeyPair::generate().map_err(unmade(file))?;
            let name = format!("{name}{}", end(&key));
            Authority::make(&name, key, now).map_err(unmade(file))
        };
        Ok(Self {
            cluster: authority("holdfast-ca", CLUSTER)?,
            front_proxy: authority("holdfast-front-proxy-ca", FRONT_PROXY)?,
            tokens: KeyPair::generate().map_err(unmade(TOKENS))?,
        })
    }

    /// Reads the one in `folder`.
    pub(super) fn load(folder: &Path) -> Result<Self, PkiError> {
        Ok(Self {
            cluster: Authority::load(folder, CLUSTER)?,
            front_proxy: Authority::load(folder, FRONT_PROXY)?,
            tokens: load_key(folder, TOKENS)?,
        })
    }

    /// Its files, by their names in a folder.
    pub(super) fn files(&self) -> [(&'static str, String); 6] {
        [
            ("ca.crt", self.cluster.certificate.clone()),
            ("ca.key", self.cluster.issuer.key().serialize_pem()),
            ("front-proxy-ca.crt", self.front_proxy.certificate.clone()),
            (
                "front-proxy-ca.key",
                self.front_proxy.issuer.key().serialize_pem(),
            ),
            ("service-account.key", self.tokens.serialize_pem()),
            ("service-account.pub", self.tokens_public()),
        ]
    }

    /// The key that tokens are verified with, PEM.
    pub(super) fn tokens_public(&self) -> String {
        self.tokens.public_key_pem()
    }

    /// What tokens that it signed say in their header (`kid`): the API server takes the digest of the public key.
    pub(super) fn tokens_id(&self) -> String {
        let key = self.tokens.subject_public_key_info();
        URL_SAFE_NO_PAD.encode(host::digest::sha256(key))
    }
}

impl Authority {
    fn make(name: &str, key: KeyPair, now: SystemTime) -> Result<Self, rcgen::Error> {
        let params = params(name, now);
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self {
            certificate,
            issuer: Issuer::new(params, key),
        })
    }

    fn load(folder: &Path, name: &str) -> Result<Self, PkiError> {
        let key = load_key(folder, name)?;
        let path = folder.join(format!("{name}.crt"));
        let certificate = read(&path)?;
        let issuer = Issuer::from_ca_cert_pem(&certificate, key)
            .map_err(|source| PkiError::Parse { path, source })?;
        Ok(Self {
            certificate,
            issuer,
        })
    }

    /// This authority's key and name, signed by `older`: who believes only that one believes what this one signs, too.
    pub(super) fn vouched_for_by(
        &self,
        older: &Self,
        now: SystemTime,
    ) -> Result<String, rcgen::Error> {
        let name = common_name(&self.certificate).unwrap_or_default();
        let mut params = params(&name, now);
        params.use_authority_key_identifier_extension = true;
        Ok(params.signed_by(self.issuer.key(), &older.issuer)?.pem())
    }
}

fn params(common_name: &str, now: SystemTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![
        KeyUsagePurpose::DigitalSignature,
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
    ];
    params.not_before = life::begin();
    params.not_after = life::authority_end(now);
    params
}

fn common_name(pem: &str) -> Option<String> {
    let (_, pem) = parse_x509_pem(pem.as_bytes()).ok()?;
    let certificate = pem.parse_x509().ok()?;
    let name = certificate.subject().iter_common_name().next()?;
    name.as_str().ok().map(str::to_owned)
}

fn load_key(folder: &Path, name: &str) -> Result<KeyPair, PkiError> {
    let path = folder.join(format!("{name}.key"));
    KeyPair::from_pem(&read(&path)?).map_err(|source| PkiError::Parse { path, source })
}

fn read(path: &Path) -> Result<String, PkiError> {
    fs::read_to_string(path).map_err(|source| PkiError::Read {
        path: path.into(),
        source,
    })
}

fn unmade(name: &str) -> impl FnOnce(rcgen::Error) -> PkiError {
    move |source| PkiError::Make {
        name: name.to_owned(),
        source,
    }
}
