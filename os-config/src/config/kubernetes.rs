//! How Kubernetes runs on this node.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::values::{DomainName, FlagName, NodeName, ServerAddress};

/// How Kubernetes runs on this node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kubernetes {
    /// The node's name; `None` means the host name.
    pub node_name: Option<NodeName>,
    /// The address the node is known by; `None` means the one of the default route.
    pub node_address: Option<IpAddr>,
    /// Pod addresses.
    pub pod_cidr: IpNet,
    /// Service addresses; no overlap with the pods'.
    pub service_cidr: IpNet,
    /// The cluster's DNS domain.
    pub cluster_domain: DomainName,
    /// More names and addresses for the API server's certificate.
    pub tls_sans: Vec<ServerAddress>,
    /// How much of what happens at the API is written to the audit log.
    pub audit: AuditLevel,
    /// What pods may want in namespaces that say nothing about it.
    pub pod_security: PodSecurity,
    /// How many seconds pods get to end when the machine goes down; 0 ends them without their hooks.
    pub shutdown_seconds: u32,
    /// What memory of pods goes to that they do not use.
    pub swap: Swap,
    /// Flags handed to the components as they are.
    pub args: ComponentArgs,
}

impl Default for Kubernetes {
    fn default() -> Self {
        let net = |text: &str| text.parse().expect("a literal network parses");
        Self {
            node_name: None,
            node_address: None,
            pod_cidr: net("10.42.0.0/16"),
            service_cidr: net("10.43.0.0/16"),
            cluster_domain: DomainName::parse("cluster.local").expect("a literal domain parses"),
            tls_sans: Vec::new(),
            audit: AuditLevel::default(),
            pod_security: PodSecurity::default(),
            shutdown_seconds: 90,
            swap: Swap::default(),
            args: ComponentArgs::default(),
        }
    }
}

/// How much the API server's audit log tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditLevel {
    /// No audit log.
    Off,
    /// Who did what to which object and when, no bodies.
    #[default]
    Metadata,
    /// Request bodies as well, but never those of Secrets, ConfigMaps and tokens.
    Request,
}

/// What is done with pods that want more than a Pod Security Standard allows, where their namespace does not say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PodSecurity {
    /// Nothing.
    Privileged,
    /// What is beyond `baseline` runs; it is warned of and noted in the audit log.
    #[default]
    Warn,
    /// What is beyond `baseline` is refused.
    Baseline,
    /// What is beyond `restricted` is refused.
    Restricted,
}

/// What memory of pods goes to that they do not use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Swap {
    /// It stays where it is.
    #[default]
    None,
    /// It is compressed in memory, for pods of class Burstable alone.
    Compressed,
}

/// Flags of one component: name to values; a flag with several values is repeated.
pub type FlagArgs = BTreeMap<FlagName, Vec<String>>;

/// Flags handed to the components, beyond those that the runtime sets itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentArgs {
    /// kube-apiserver.
    pub api_server: FlagArgs,
    /// kube-controller-manager.
    pub controller_manager: FlagArgs,
    /// kube-scheduler.
    pub scheduler: FlagArgs,
    /// kubelet.
    pub kubelet: FlagArgs,
    /// kube-proxy.
    pub kube_proxy: FlagArgs,
}

/// Packaged workloads, each on or off; all on by default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Components {
    /// DNS of the cluster.
    pub coredns: bool,
    /// `kubectl top` and autoscaling by load.
    pub metrics_server: bool,
    /// Persistent volumes on the node's own disk.
    pub local_path_provisioner: bool,
}

impl Default for Components {
    fn default() -> Self {
        Self {
            coredns: true,
            metrics_server: true,
            local_path_provisioner: true,
        }
    }
}
