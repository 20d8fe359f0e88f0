//! An API that somebody needs and that a later Kubernetes has no more.

use init_api::Minor;

/// How an API is known to be needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Somebody asked for it.
    Asked,
    /// Somebody wrote an object by it.
    Written,
}

/// What is needed and will be gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemovedApi {
    /// `flowschemas of flowcontrol.apiserver.k8s.io/v1beta3`.
    pub(crate) name: String,
    /// The first release without it.
    pub(crate) removed_in: Minor,
    pub(crate) seen: Seen,
}
