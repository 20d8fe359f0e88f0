//! What asks servers of buckets.

use super::error::BucketError;
use os_config::Bucket as Settings;
use reqwest::Client;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// How long a server may take to be reached.
const CONNECTION: Duration = Duration::from_secs(30);
/// How long nothing may come.
const SILENCE: Duration = Duration::from_secs(120);

/// Trusts Mozilla's authorities and those of the settings, and asks by the proxy of the environment.
pub(super) fn client(settings: &Settings) -> Result<Client, BucketError> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let pem = settings.ca.as_ref().map_or("", |ca| ca.reveal());
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| BucketError::Authority(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| BucketError::Authority(error.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| BucketError::Client(io::Error::other(error)))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECTION)
        .read_timeout(SILENCE)
        .user_agent(concat!("holdfast/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| BucketError::Client(io::Error::other(error)))
}
