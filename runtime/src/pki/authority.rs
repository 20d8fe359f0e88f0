//! Authorities and the service account key: made once, whole or not at all.
//!
//! Flow: write every file into `pki.new`, flush files and folder, rename the folder to `pki`, flush its parent.
//! Guarantee: `pki` is either absent or complete. A power cut before the rename leaves a `pki.new` that the next boot
//! throws away; nothing was signed with it yet.

use super::life;
use crate::datastore;
use crate::file::{self, FileError, PlannedFile};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use thiserror::Error;

/// Certificates could not be made, read or kept.
#[derive(Debug, Error)]
pub enum PkiError {
    /// A certificate could not be made.
    #[error("cannot make the certificate {name}")]
    Make {
        /// Whose.
        name: String,
        /// Why.
        source: rcgen::Error,
    },
    /// A kept authority cannot be read.
    #[error("cannot read {path}; the cluster's identity is there, restore it from a backup")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A kept authority is damaged.
    #[error(
        "{path} is not a valid certificate or key; the cluster's identity is there, restore it from a backup"
    )]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rcgen::Error,
    },
    /// The key for Secrets is gone although there is a cluster.
    #[error(
        "{path} is missing although the cluster exists; without it no Secret can be read: restore it from a backup"
    )]
    NoEncryptionKey {
        /// The file.
        path: PathBuf,
    },
    /// The authorities are gone although there is a cluster.
    #[error(
        "{path} is missing although the cluster exists ({database}); new ones would be strangers to it and to all who know it: restore the folder from a backup, or remove {cluster} and restart for a new, empty cluster"
    )]
    NoAuthorities {
        /// The folder.
        path: PathBuf,
        /// What shows that there is a cluster.
        database: PathBuf,
        /// All of the cluster.
        cluster: PathBuf,
    },
    /// A file could not be written.
    #[error("cannot keep the cluster's certificates")]
    Write(#[from] FileError),
}

/// The cluster's authorities and the key that signs service account tokens.
pub struct Authorities {
    pub(super) cluster: Issuer<'static, KeyPair>,
    pub(super) front_proxy: Issuer<'static, KeyPair>,
    cluster_pem: String,
}

impl std::fmt::Debug for Authorities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authorities(..)")
    }
}

const CLUSTER: &str = "ca";
const FRONT_PROXY: &str = "front-proxy-ca";

impl Authorities {
    /// Reads the authorities in `folder`; makes them, with the clock at `now`, if there are none and no cluster is beside
    /// them. A cluster's datastore is made after them, however often its first boot is cut short.
    ///
    /// # Errors
    /// They are gone although there is a cluster, or cannot be made, read or written.
    pub fn ensure(folder: &Path, now: SystemTime) -> Result<Self, PkiError> {
        if !folder.is_dir() {
            refuse_if_lost(folder)?;
            create(folder, now)?;
        }
        Self::load(folder)
    }

    /// Reads the authorities in `folder`.
    ///
    /// # Errors
    /// They are not there, or damaged.
    pub fn load(folder: &Path) -> Result<Self, PkiError> {
        let cluster = read(folder, CLUSTER)?;
        let front_proxy = read(folder, FRONT_PROXY)?;
        Ok(Self {
            cluster_pem: cluster.0,
            cluster: cluster.1,
            front_proxy: front_proxy.1,
        })
    }

    /// The cluster authority's certificate, PEM.
    pub fn cluster_pem(&self) -> &str {
        &self.cluster_pem
    }
}

fn refuse_if_lost(folder: &Path) -> Result<(), PkiError> {
    let cluster = folder.parent().unwrap_or(folder);
    match datastore::existing(cluster) {
        None => Ok(()),
        Some(database) => Err(PkiError::NoAuthorities {
            path: folder.into(),
            database,
            cluster: cluster.into(),
        }),
    }
}

fn create(folder: &Path, now: SystemTime) -> Result<(), PkiError> {
    let fresh = folder.with_extension("new");
    file::remove_folder(&fresh)?;
    file::make_folder(&fresh, 0o700)?;
    let mut files = Vec::new();
    for (name, common_name) in [
        (CLUSTER, "holdfast-ca"),
        (FRONT_PROXY, "holdfast-front-proxy-ca"),
    ] {
        let (certificate, key) = authority(common_name, now).map_err(|source| PkiError::Make {
            name: name.into(),
            source,
        })?;
        files.push(PlannedFile::new(
            fresh.join(format!("{name}.crt")),
            0o600,
            certificate,
        ));
        files.push(PlannedFile::new(
            fresh.join(format!("{name}.key")),
            0o600,
            key,
        ));
    }
    let signer = KeyPair::generate().map_err(|source| PkiError::Make {
        name: "service-account".into(),
        source,
    })?;
    for (name, content) in [
        ("service-account.key", signer.serialize_pem()),
        ("service-account.pub", signer.public_key_pem()),
    ] {
        files.push(PlannedFile::new(fresh.join(name), 0o600, content));
    }
    for planned in &files {
        file::write_lasting(planned)?;
    }
    Ok(file::rename_folder(&fresh, folder)?)
}

fn authority(common_name: &str, now: SystemTime) -> Result<(String, String), rcgen::Error> {
    let key = KeyPair::generate()?;
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
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn read(folder: &Path, name: &str) -> Result<(String, Issuer<'static, KeyPair>), PkiError> {
    let load = |extension: &str| {
        let path = folder.join(format!("{name}.{extension}"));
        let text = fs::read_to_string(&path).map_err(|source| PkiError::Read {
            path: path.clone(),
            source,
        })?;
        Ok::<_, PkiError>((path, text))
    };
    let (key_path, key) = load("key")?;
    let key = KeyPair::from_pem(&key).map_err(|source| PkiError::Parse {
        path: key_path,
        source,
    })?;
    let (path, certificate) = load("crt")?;
    let issuer = Issuer::from_ca_cert_pem(&certificate, key)
        .map_err(|source| PkiError::Parse { path, source })?;
    Ok((certificate, issuer))
}
