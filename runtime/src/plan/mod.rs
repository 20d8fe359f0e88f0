//! The planner: settings and facts in, files and the engine's plan out. No effects.

mod api_server;
mod cni;
mod containerd;
mod controllers;
mod engine;
mod kubeconfig;
mod kubelet;
mod network;
mod registries;

pub use cni::{PodNetwork, cni_file};
pub use engine::{Component, Condition, EnginePlan, Gc};
pub use kubeconfig::{Credentials, kubeconfig};

use crate::args::RefusedFlag;
use crate::file::PlannedFile;
use crate::paths::text;
use crate::pki::{self, ADMIN, Authorities, PkiError, leaves};
use crate::{ClusterSettings, Paths};
use std::net::{IpAddr, SocketAddr};
use std::time::SystemTime;
use thiserror::Error;

/// Where components on the node reach the API.
pub const LOCAL_API: &str = "https://127.0.0.1:6443";
/// The API server's port.
pub const API_PORT: u16 = 6443;

/// What is true of the node right now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFacts {
    /// The address that the cluster knows it by.
    pub address: IpAddr,
    /// Its memory, bytes.
    pub memory: u64,
    /// The clock.
    pub now: SystemTime,
}

/// No plan can be made.
#[derive(Debug, Error)]
pub enum PlanError {
    /// A certificate cannot be made.
    #[error("cannot plan the cluster's certificates")]
    Pki(#[from] PkiError),
    /// A user's flag would break the node.
    #[error(transparent)]
    Flag(#[from] RefusedFlag),
}

/// Everything that `engine run` and containerd need, as files. All of them lie in memory.
///
/// # Errors
/// A name does not fit into a certificate, or a flag of the user's is refused.
pub fn plan(
    settings: &ClusterSettings,
    facts: &NodeFacts,
    paths: &Paths,
    authorities: &Authorities,
) -> Result<Vec<PlannedFile>, PlanError> {
    let mut files = certificates(settings, facts, paths, authorities)?;
    files.extend(kubeconfig::files(paths));
    files.extend(api_server::files(settings, paths));
    files.push(kubelet::file(settings, facts, paths));
    files.extend(network::files(settings, paths));
    let engine = engine::plan(settings, facts, paths)?;
    files.push(engine.file(paths));
    Ok(files)
}

/// What containerd needs: it starts before the node has an address.
pub fn plan_containerd(settings: &ClusterSettings, paths: &Paths) -> Vec<PlannedFile> {
    let mut files = vec![containerd::file(settings, paths)];
    files.extend(registries::files(&settings.registries, paths));
    files
}

/// The leaves, and the administrator's kubeconfig, which carries its own.
///
/// # Errors
/// A name does not fit into a certificate.
pub fn certificates(
    settings: &ClusterSettings,
    facts: &NodeFacts,
    paths: &Paths,
    authorities: &Authorities,
) -> Result<Vec<PlannedFile>, PkiError> {
    let mut files = Vec::new();
    for leaf in leaves(settings, facts.address) {
        let issued = pki::issue(authorities, &leaf, facts.now)?;
        if leaf.name == ADMIN {
            let credentials = Credentials::Embedded {
                authority: authorities.cluster_pem(),
                leaf: &issued,
            };
            let text = kubeconfig(&own_url(facts.address), ADMIN, &credentials);
            files.push(PlannedFile::new(paths.kubeconfig(ADMIN), 0o600, text));
        }
        files.push(PlannedFile::new(
            paths.leaf(leaf.name),
            0o600,
            issued.combined(),
        ));
    }
    Ok(files)
}

/// Where other machines reach the API of this node.
fn own_url(address: IpAddr) -> String {
    format!("https://{}", SocketAddr::new(address, API_PORT))
}

/// Checks the user's flags without planning anything, for `config check`.
///
/// # Errors
/// The first flag that would break the node.
pub fn check_flags(settings: &ClusterSettings) -> Result<(), RefusedFlag> {
    let facts = NodeFacts {
        address: IpAddr::from([127, 0, 0, 1]),
        memory: 0,
        now: SystemTime::UNIX_EPOCH,
    };
    engine::plan(settings, &facts, &Paths::default()).map(|_| ())
}

/// A JSON file; JSON is YAML, and nothing in it can be misread.
fn json(path: std::path::PathBuf, value: &serde_json::Value) -> PlannedFile {
    PlannedFile::new(path, 0o600, format!("{value:#}\n"))
}

fn pki_file(paths: &Paths, name: &str) -> String {
    text(&paths.pki().join(name))
}

fn leaf_file(paths: &Paths, name: &str) -> String {
    text(&paths.leaf(name))
}
