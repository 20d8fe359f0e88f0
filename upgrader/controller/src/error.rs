//! What can end the controller.

/// The controller cannot go on; it is started again by the cluster.
#[derive(Debug, thiserror::Error)]
pub enum ControllerError {
    /// Not running in a pod, or its service account is not there.
    #[error("cannot work with the cluster's API")]
    Client(#[source] kube::Error),
    /// Where the API is cannot be told.
    #[error("cannot find the cluster's API: the controller runs in a pod of the cluster")]
    InCluster(#[source] kube::config::InClusterError),
    /// Another one leads.
    #[error("the lease is not ours any more")]
    NotLeading,
    /// The operating system refuses.
    #[error("cannot {act}")]
    System {
        /// What was tried.
        act: &'static str,
        /// Why.
        source: std::io::Error,
    },
}
