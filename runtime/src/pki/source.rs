//! Where a node's certificates come from.

use super::error::PkiError;
use super::issued::Issued;
use super::leaf::Leaf;
use super::trust::Trust;
use std::time::SystemTime;

/// Whoever gives a node its certificates. Only a server has the authorities' keys; any other node would ask a server to sign
/// what it made itself, and needs no more than their certificates.
pub trait CertificateSource {
    /// The cluster authority's certificate, PEM: whom a kubeconfig that is made now believes.
    fn cluster_authority(&self) -> &str;

    /// Whom the node's programs believe.
    fn trust(&self) -> &Trust;

    /// A certificate with a new key, made at `now`.
    ///
    /// # Errors
    /// It cannot be had: a name cannot stand in a certificate, or nobody signs it.
    fn issue(&self, leaf: &Leaf, now: SystemTime) -> Result<Issued, PkiError>;
}
