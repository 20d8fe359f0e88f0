//! `kubernetes:` and `components:` as they are written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{OneOrMany, Scalar, Text};
use crate::check::refused_flags;
use crate::values::text::TextValue;
use crate::values::{ClusterNetwork, DomainName, FlagName, NodeAddress, NodeName, ServerAddress};

/// Flags of one component.
pub(crate) type RawFlagArgs = BTreeMap<String, OneOrMany<Scalar>>;

/// What the names of flags under `key` look like: any but those that are refused, with or without dashes in front.
fn flag_names(key: &str) -> Json {
    let refused = format!("^-*({})$", refused_flags(key).join("|"));
    json!({ "pattern": FlagName::PATTERN, "not": { "pattern": refused } })
}

/// How Kubernetes runs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawKubernetes {
    /// The node's name in the cluster. The default is the host name. It cannot be changed once the cluster exists.
    #[schemars(extend("x-impact" = "new cluster"))]
    pub(crate) node_name: Option<Text<NodeName>>,
    /// The address by which the node is known. The default is the address on the interface of the default route.
    #[schemars(extend("examples" = ["192.168.1.10"]))]
    pub(crate) node_address: Option<Text<NodeAddress>>,
    /// Addresses for pods. It cannot be changed once the cluster exists.
    #[schemars(extend("default" = "10.42.0.0/16", "x-impact" = "new cluster"))]
    pub(crate) pod_cidr: Option<Text<ClusterNetwork>>,
    /// Addresses for services; no overlap with the pods'. It cannot be changed once the cluster exists.
    #[schemars(extend("default" = "10.43.0.0/16", "x-impact" = "new cluster"))]
    pub(crate) service_cidr: Option<Text<ClusterNetwork>>,
    /// The cluster's DNS domain. It cannot be changed once the cluster exists.
    #[schemars(extend("default" = "cluster.local", "x-impact" = "new cluster"))]
    pub(crate) cluster_domain: Option<Text<DomainName>>,
    /// More names and addresses by which the API is reached, for its certificate.
    #[schemars(extend("examples" = [["api.shop.example"]]))]
    pub(crate) tls_sans: Vec<Text<ServerAddress>>,
    /// The audit log of the API: `off`, `metadata` (who did what when), or `request` (with what was sent, never of
    /// Secrets).
    #[schemars(extend("default" = "metadata", "enum" = ["off", "metadata", "request"]))]
    pub(crate) audit: Option<String>,
    /// What is done with pods that want more than the Pod Security Standard `baseline` allows (host networks and folders, privileges),
    /// in namespaces that have no label of their own (`pod-security.kubernetes.io/enforce`): `privileged` lets them run, `warn`
    /// too, but warns whoever makes them and notes it in the audit log, `baseline` and `restricted` (what that standard allows)
    /// refuse them. `kube-system` is exempt.
    #[schemars(extend("default" = "warn", "enum" = ["privileged", "warn", "baseline", "restricted"]))]
    pub(crate) pod_security: Option<String>,
    /// How many seconds pods get in all to end when the machine goes down, 0 to 3600: their hooks run, and each has its own
    /// grace as far as this allows. A sixth of it, 15 seconds at most, is kept for the pods that the others need. 0 ends pods
    /// without their hooks.
    #[schemars(extend("default" = 90, "maximum" = 3600))]
    pub(crate) shutdown_seconds: Option<u32>,
    /// Whether pods may have memory that they do not use compressed into a part of the machine's own (zram, half of it at most):
    /// `none`, or `compressed`, for machines of 1 GB. Only pods that ask for less memory than they may have (class Burstable)
    /// get it, in proportion to what they ask for.
    #[schemars(extend("default" = "none", "enum" = ["none", "compressed"]))]
    pub(crate) swap: Option<String>,
    /// Flags for kube-apiserver, without dashes in front: a value, or a list for a flag that is repeated.
    #[schemars(extend("examples" = [{"event-ttl": "30m"}], "propertyNames" = flag_names("api_server_args"), "x-secret" = "by name"))]
    pub(crate) api_server_args: RawFlagArgs,
    /// Flags for kube-controller-manager.
    #[schemars(extend("propertyNames" = flag_names("controller_manager_args"), "x-secret" = "by name"))]
    pub(crate) controller_manager_args: RawFlagArgs,
    /// Flags for kube-scheduler.
    #[schemars(extend("propertyNames" = flag_names("scheduler_args"), "x-secret" = "by name"))]
    pub(crate) scheduler_args: RawFlagArgs,
    /// Flags for the kubelet.
    #[schemars(extend("examples" = [{"max-pods": 60}], "propertyNames" = flag_names("kubelet_args"), "x-secret" = "by name"))]
    pub(crate) kubelet_args: RawFlagArgs,
    /// Flags for kube-proxy.
    #[schemars(extend("propertyNames" = flag_names("kube_proxy_args"), "x-secret" = "by name"))]
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
