//! Who a node is, and what its cluster is.

use ipnet::IpNet;
use os_config::{Config, DomainName, LabelKey, LabelValue, NodeName, Taint};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What a node is for its cluster: which components run on it, and which certificates it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It runs the control plane, and pods.
    #[default]
    Server,
}

/// Who a node is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeIdentity {
    /// Its name: the one that its cluster was founded with, or else the configured one, or else its host name.
    pub name: NodeName,
    /// Its address, where `config.yaml` fixes it.
    pub address: Option<IpAddr>,
    /// Labels that it carries.
    pub labels: BTreeMap<LabelKey, LabelValue>,
    /// Taints that it carries.
    pub taints: Vec<Taint>,
}

/// What a cluster is, from its founding on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterIdentity {
    /// Pods' addresses, for example `10.42.0.0/16`.
    pub pods: IpNet,
    /// Services' addresses, for example `10.43.0.0/16`.
    pub services: IpNet,
    /// The DNS domain, for example `cluster.local`.
    pub domain: DomainName,
}

impl ClusterIdentity {
    /// What a configuration says that its cluster is.
    pub fn of(config: &Config) -> Self {
        let kubernetes = &config.kubernetes;
        Self {
            pods: kubernetes.pod_cidr,
            services: kubernetes.service_cidr,
            domain: kubernetes.cluster_domain.clone(),
        }
    }

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
