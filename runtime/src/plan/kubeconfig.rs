//! Kubeconfigs.

use super::file::{leaf_file, trust_file};
use super::node_facts::LOCAL_API;
use crate::Paths;
use crate::file::PlannedFile;
use crate::pki::Issued;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Components with a kubeconfig; each has a leaf of the same name.
const COMPONENTS: [&str; 6] = [
    "controller-manager",
    "scheduler",
    "kubelet",
    "kube-proxy",
    "flannel",
    "keeper",
];

/// Who the owner of a kubeconfig is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials<'a> {
    /// Files, read again when they change.
    Files {
        /// The cluster authority's certificate.
        authority: String,
        /// Certificate and key in one.
        leaf: String,
    },
    /// All in the kubeconfig itself.
    Embedded {
        /// The cluster authority's certificate, PEM.
        authority: &'a str,
        /// Certificate and key.
        leaf: &'a Issued,
    },
}

/// A kubeconfig for `user` at `server`.
pub fn kubeconfig(server: &str, user: &str, credentials: &Credentials<'_>) -> String {
    let (authority, certificate, key) = match credentials {
        Credentials::Files { authority, leaf } => (
            format!("certificate-authority: {authority:?}"),
            format!("client-certificate: {leaf:?}"),
            format!("client-key: {leaf:?}"),
        ),
        Credentials::Embedded { authority, leaf } => (
            format!("certificate-authority-data: {}", STANDARD.encode(authority)),
            format!(
                "client-certificate-data: {}",
                STANDARD.encode(&leaf.certificate)
            ),
            format!("client-key-data: {}", STANDARD.encode(&leaf.key)),
        ),
    };
    format!(
        "\
apiVersion: v1
kind: Config
clusters:
  - name: holdfast
    cluster:
      server: {server:?}
      {authority}
users:
  - name: {user:?}
    user:
      {certificate}
      {key}
contexts:
  - name: holdfast
    context:
      cluster: holdfast
      user: {user:?}
current-context: holdfast
"
    )
}

pub(super) fn files(paths: &Paths) -> Vec<PlannedFile> {
    let file = |name: &str| {
        let credentials = Credentials::Files {
            authority: trust_file(paths, "ca.crt"),
            leaf: leaf_file(paths, name),
        };
        PlannedFile::new(
            paths.kubeconfig(name),
            0o600,
            kubeconfig(LOCAL_API, name, &credentials),
        )
    };
    COMPONENTS.into_iter().map(file).collect()
}
