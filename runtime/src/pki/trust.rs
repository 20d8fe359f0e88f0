//! Whom the node's programs believe.

use super::generation::Generation;

/// Certificates and keys that what others show is verified with, PEM: one generation, or, in a rotation, both. The one that signs is
/// first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    /// Who signs for users, nodes and servers.
    pub cluster: String,
    /// Who signs for requests that the API server passes on in someone's name.
    pub front_proxy: String,
    /// Who signs tokens of service accounts.
    pub service_accounts: String,
}

impl Trust {
    pub(super) fn of(issuing: &Generation, other: Option<&Generation>) -> Self {
        let all = || [issuing].into_iter().chain(other);
        Self {
            cluster: all().map(|one| one.cluster.certificate.as_str()).collect(),
            front_proxy: all()
                .map(|one| one.front_proxy.certificate.as_str())
                .collect(),
            service_accounts: all().map(Generation::tokens_public).collect(),
        }
    }

    /// Tells the stages of a rotation apart, and this cluster's from another's.
    pub fn fingerprint(&self) -> String {
        let parts = [&self.cluster, &self.front_proxy, &self.service_accounts];
        // PEM has no such sign, so no two ways to cut the text mean the same.
        host::digest::of_bytes(parts.map(String::as_str).join("|"))
    }
}
