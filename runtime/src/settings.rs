//! What the planner needs to know of the configuration, checked.

use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;

/// The configuration as far as the cluster is concerned. Everything in it is already checked; nothing is optional that
/// has a default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterSettings {
    /// The node's name in the cluster: the one it was founded with, or else the configured one, or else its hostname.
    pub node_name: String,
    /// The address to use when `config.yaml` fixes it.
    pub node_address: Option<IpAddr>,
    /// The release, for example `0.1.0`.
    pub version: String,
    /// Networks and names of the cluster.
    pub network: ClusterNetwork,
    /// More names and addresses for the API server's certificate.
    pub tls_sans: Vec<String>,
    /// Labels that the node carries.
    pub labels: BTreeMap<String, String>,
    /// Taints that the node carries.
    pub taints: Vec<Taint>,
    /// The user's extra arguments.
    pub extra_args: ExtraArgs,
    /// Environment for the engine, containerd and the keeper: proxies above all.
    pub environment: BTreeMap<String, String>,
    /// How to reach registries.
    pub registries: Registries,
    /// Manifests written in `config.yaml`.
    pub manifests: Vec<InlineManifest>,
    /// Files in the manifests folder that `config.yaml` names by URL; each is there as soon as it is fetched.
    pub fetched_manifests: BTreeSet<String>,
    /// How much the audit log tells.
    pub audit: Audit,
    /// File names, without extension, of packaged manifests that are not wanted.
    pub components_off: BTreeSet<String>,
    /// Image archives outside the images folder that are to be loaded.
    pub images: Vec<PathBuf>,
    /// Where more of the configuration is fetched from.
    pub config_url: Option<String>,
    /// Pods that the node takes at most.
    pub max_pods: u16,
    /// Memory that is kept for the system, bytes.
    pub system_reserved_memory: u64,
}

/// Networks and names of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterNetwork {
    /// Pods' addresses, for example `10.42.0.0/16`.
    pub pods: IpNet,
    /// Services' addresses, for example `10.43.0.0/16`.
    pub services: IpNet,
    /// The DNS domain, for example `cluster.local`.
    pub domain: String,
}

impl ClusterNetwork {
    /// The API's own Service address.
    pub fn api_address(&self) -> IpAddr {
        nth(self.services, 1)
    }

    /// The DNS Service's address.
    pub fn dns_address(&self) -> IpAddr {
        nth(self.services, 10)
    }
}

/// The address that stands `n` after a network's first.
fn nth(network: IpNet, n: u8) -> IpAddr {
    match network.network() {
        IpAddr::V4(first) => IpAddr::V4((u32::from(first) | u32::from(n)).into()),
        IpAddr::V6(first) => IpAddr::V6((u128::from(first) | u128::from(n)).into()),
    }
}

impl Default for ClusterNetwork {
    fn default() -> Self {
        let net = |text: &str| text.parse().expect("a literal network parses");
        Self {
            pods: net("10.42.0.0/16"),
            services: net("10.43.0.0/16"),
            domain: "cluster.local".into(),
        }
    }
}

/// One taint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Taint {
    /// Its key.
    pub key: String,
    /// Its value, often empty.
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: String,
}

/// Values of flags by name, without dashes; a flag with several values is repeated.
pub type Flags = BTreeMap<String, Vec<String>>;

/// The user's flags for the components.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExtraArgs {
    /// For kube-apiserver.
    pub api_server: Flags,
    /// For kube-controller-manager.
    pub controller_manager: Flags,
    /// For kube-scheduler.
    pub scheduler: Flags,
    /// For the kubelet.
    pub kubelet: Flags,
    /// For kube-proxy.
    pub kube_proxy: Flags,
}

/// How much the audit log tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Audit {
    /// There is none.
    Off,
    /// Who did what to which object, and when.
    #[default]
    Metadata,
    /// Request bodies too, but never those of Secrets, ConfigMaps and tokens.
    Request,
}

/// How to reach registries.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Registries {
    /// By the registry's name as images use it (`docker.io`, `host:port`, or `*` for every other).
    pub mirrors: BTreeMap<String, Mirror>,
    /// Credentials and trust by host.
    pub hosts: BTreeMap<String, RegistryHost>,
}

/// Where images of one registry are taken from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mirror {
    /// URLs, tried in order; the registry itself is tried last.
    pub endpoints: Vec<String>,
}

/// Credentials and trust of one registry host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RegistryHost {
    /// User name and password.
    pub login: Option<(String, String)>,
    /// An identity token, in place of a login.
    pub token: Option<String>,
    /// PEM of the authority that signed the host's certificate.
    pub ca: Option<String>,
    /// PEM of the certificate and of the key to be recognised with.
    pub client: Option<(String, String)>,
    /// Whether the host's certificate is not checked.
    pub skip_verify: bool,
}

/// A manifest from `config.yaml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InlineManifest {
    /// Name, unique, fit for a file name.
    pub name: String,
    /// YAML, one document or several.
    pub content: String,
}

impl ClusterSettings {
    /// The settings of a node whose `config.yaml` says nothing about the cluster.
    pub fn named(node_name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            node_name: node_name.into(),
            node_address: None,
            version: version.into(),
            network: ClusterNetwork::default(),
            tls_sans: Vec::new(),
            labels: BTreeMap::new(),
            taints: Vec::new(),
            extra_args: ExtraArgs::default(),
            environment: BTreeMap::new(),
            registries: Registries::default(),
            manifests: Vec::new(),
            fetched_manifests: BTreeSet::new(),
            audit: Audit::default(),
            components_off: BTreeSet::new(),
            images: Vec::new(),
            config_url: None,
            max_pods: 110,
            system_reserved_memory: 384 << 20,
        }
    }

    /// The name of the image that system workloads and pod sandboxes use.
    pub fn system_image(&self) -> String {
        // A version may carry build metadata (`1.2.0+3`); a tag may not.
        format!("holdfast.local/system:{}", self.version.replace('+', "-"))
    }

    /// Names and addresses that the API server's certificate answers for, each once.
    pub fn api_names(&self, node_address: IpAddr) -> Vec<String> {
        let domain = &self.network.domain;
        let mut names = vec![
            "kubernetes".into(),
            "kubernetes.default".into(),
            "kubernetes.default.svc".into(),
            format!("kubernetes.default.svc.{domain}"),
            "localhost".into(),
            self.node_name.clone(),
            "127.0.0.1".into(),
            "::1".into(),
            self.network.api_address().to_string(),
            node_address.to_string(),
        ];
        names.extend(self.tls_sans.iter().cloned());
        let mut seen = BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }
}
