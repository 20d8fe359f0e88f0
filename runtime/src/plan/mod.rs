//! The planner: settings and facts in, files and the engine's plan out. No effects.

mod api_server;
mod cni;
mod containerd;
mod controllers;
mod engine;
mod file;
mod kubeconfig;
mod kubelet;
mod network;
mod node_facts;
mod registries;
mod toml_table;

pub use cni::{PodNetwork, cni_file};
pub(crate) use engine::{CONTROL_PLANE, NODE};
pub use engine::{Component, Condition, EnginePlan, Gc};
pub use kubeconfig::{Credentials, kubeconfig};
pub use node_facts::{API_PORT, LOCAL_API, NodeFacts};

use crate::file::PlannedFile;
use crate::pki::{ADMIN, CertificateSource, Leaf, PkiError, Trust, leaves};
use crate::{Paths, Settings};
use std::net::{IpAddr, SocketAddr};
use std::time::SystemTime;

/// Everything that `engine run` and containerd need, as files. All of them lie in memory.
///
/// # Errors
/// A certificate cannot be had.
pub fn plan(
    settings: &Settings,
    facts: &NodeFacts,
    paths: &Paths,
    source: &dyn CertificateSource,
) -> Result<Vec<PlannedFile>, PkiError> {
    let mut files = certificates(settings, facts, paths, source)?;
    files.extend(configuration(settings, facts, paths));
    Ok(files)
}

/// All that is not a certificate; the engine's plan last.
fn configuration(settings: &Settings, facts: &NodeFacts, paths: &Paths) -> Vec<PlannedFile> {
    let engine = engine::plan(settings, facts, paths);
    let mut files = kubeconfig::files(paths);
    files.extend(api_server::files(settings, paths));
    files.push(kubelet::file(settings, facts, paths));
    files.extend(network::files(settings, paths));
    files.push(engine.file(paths));
    files
}

/// What containerd needs, its own configuration first: it starts before the node has an address.
pub fn plan_containerd(settings: &Settings, paths: &Paths) -> (PlannedFile, Vec<PlannedFile>) {
    (
        containerd::file(settings, paths),
        registries::files(&settings.registries, paths),
    )
}

/// Whom the node's programs believe, the leaves, and the administrator's kubeconfig, which carries its own.
///
/// # Errors
/// A certificate cannot be had.
pub fn certificates(
    settings: &Settings,
    facts: &NodeFacts,
    paths: &Paths,
    source: &dyn CertificateSource,
) -> Result<Vec<PlannedFile>, PkiError> {
    let mut files = trust_files(source.trust(), paths);
    let leaves = leaves(settings, facts.address);
    files.extend(leaf_files(&leaves, facts, paths, source)?);
    Ok(files)
}

/// Before the leaves: who is shown one must believe it.
fn trust_files(trust: &Trust, paths: &Paths) -> Vec<PlannedFile> {
    [
        ("ca.crt", &trust.cluster),
        ("front-proxy-ca.crt", &trust.front_proxy),
        ("service-account.pub", &trust.service_accounts),
    ]
    .map(|(name, text)| PlannedFile::new(paths.trust(name), 0o600, text.as_str()))
    .into()
}

/// These leaves, as [`certificates`] has them.
///
/// # Errors
/// A certificate cannot be had.
pub fn leaf_files(
    leaves: &[Leaf],
    facts: &NodeFacts,
    paths: &Paths,
    source: &dyn CertificateSource,
) -> Result<Vec<PlannedFile>, PkiError> {
    let mut files = Vec::new();
    for leaf in leaves {
        let issued = source.issue(leaf, facts.now)?;
        if leaf.name == ADMIN {
            let credentials = Credentials::Embedded {
                authority: source.cluster_authority(),
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

/// What a configuration means for each service, as a digest: a service is started anew when its digest changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprints {
    /// For containerd.
    pub containerd: String,
    /// For Kubernetes and what prepares it.
    pub kubernetes: String,
    /// For the keeper.
    pub keeper: String,
}

/// Digests what follows from the settings alone.
pub fn fingerprints(settings: &Settings) -> Fingerprints {
    let address = settings
        .node
        .address
        .unwrap_or(IpAddr::from([127, 0, 0, 1]));
    let facts = NodeFacts {
        address,
        memory: 0,
        now: SystemTime::UNIX_EPOCH,
        emulate: None,
    };
    let paths = Paths::default();
    let names = settings.api_names(address).join(",");
    // The kubelet reads taints once, when it registers the node; afterwards the keeper keeps them as configured.
    let mut registered = settings.clone();
    registered.node.taints = Vec::new();
    // It is read when the datastore is found damaged, which is at a start.
    registered.when_damaged = os_config::WhenDamaged::default();
    let kubernetes = configuration(&registered, &facts, &paths);
    let kubernetes = kubernetes
        .iter()
        .map(|file| file.content.as_slice())
        .chain([names.as_bytes()]);
    Fingerprints {
        containerd: digest([containerd::file(settings, &paths).content.as_slice()]),
        kubernetes: digest(kubernetes),
        keeper: digest([keeper_reads(settings).as_bytes()]),
    }
}

/// All settings, secrets too. That a cluster was founded with just these is no change.
fn keeper_reads(settings: &Settings) -> String {
    let mut settings = settings.clone();
    settings.founded = true;
    serde_json::to_string(&settings).expect("maps with text keys become JSON")
}

/// The first 8 bytes of a SHA-256 over parts and their lengths, in hexadecimal: enough to tell states of one node apart.
pub(crate) fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut all = Vec::new();
    for part in parts {
        all.extend(part.len().to_le_bytes());
        all.extend(part);
    }
    let mut digest = host::digest::of_bytes(all);
    digest.truncate(16);
    digest
}
