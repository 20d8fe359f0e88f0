//! `kubernetes:` and `components:` as they are written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{OneOrMany, Scalar};

/// Flags of one component.
pub(crate) type RawFlagArgs = BTreeMap<String, OneOrMany<Scalar>>;

/// How Kubernetes runs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawKubernetes {
    /// The node's name in the cluster. The default is the host name. It cannot be changed once the cluster exists.
    pub(crate) node_name: Option<String>,
    /// The address by which the node is known. The default is the address on the interface of the default route.
    #[schemars(extend("examples" = ["192.168.1.10"]))]
    pub(crate) node_address: Option<String>,
    /// Addresses for pods. It cannot be changed once the cluster exists.
    #[schemars(extend("default" = "10.42.0.0/16"))]
    pub(crate) pod_cidr: Option<String>,
    /// Addresses for services; no overlap with the pods'. It cannot be changed once the cluster exists.
    #[schemars(extend("default" = "10.43.0.0/16"))]
    pub(crate) service_cidr: Option<String>,
    /// The cluster's DNS domain. It cannot be changed once the cluster exists.
    #[schemars(extend("default" = "cluster.local"))]
    pub(crate) cluster_domain: Option<String>,
    /// More names and addresses by which the API is reached, for its certificate.
    #[schemars(extend("examples" = [["api.shop.example"]]))]
    pub(crate) tls_sans: Vec<String>,
    /// The audit log of the API: `off`, `metadata` (who did what when), or `request` (with what was sent, never of
    /// Secrets).
    #[schemars(extend("default" = "metadata", "enum" = ["off", "metadata", "request"]))]
    pub(crate) audit: Option<String>,
    /// Flags for kube-apiserver, without dashes in front: a value, or a list for a flag that is repeated.
    #[schemars(extend("examples" = [{"event-ttl": "30m"}]))]
    pub(crate) api_server_args: RawFlagArgs,
    /// Flags for kube-controller-manager.
    pub(crate) controller_manager_args: RawFlagArgs,
    /// Flags for kube-scheduler.
    pub(crate) scheduler_args: RawFlagArgs,
    /// Flags for the kubelet.
    #[schemars(extend("examples" = [{"max-pods": 60}]))]
    pub(crate) kubelet_args: RawFlagArgs,
    /// Flags for kube-proxy.
    pub(crate) kube_proxy_args: RawFlagArgs,
}

/// Packaged workloads, each on or off.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawComponents {
    /// DNS inside the cluster.
    #[schemars(extend("default" = true))]
    pub(crate) coredns: Option<bool>,
    /// Load figures for `kubectl top` and for autoscaling.
    #[schemars(extend("default" = true))]
    pub(crate) metrics_server: Option<bool>,
    /// Persistent volumes on the node's own disk.
    #[schemars(extend("default" = true))]
    pub(crate) local_path_provisioner: Option<bool>,
}
