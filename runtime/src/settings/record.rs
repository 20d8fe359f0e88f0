//! The settings themselves.

use super::environment::environment;
use super::founding::Founding;
use super::identity::{ClusterIdentity, NodeIdentity, Role};
use crate::Datastore;
use crate::fetched::fetched_file;
use os_config::{
    AuditLevel, Bundles, ComponentArgs, Components, Config, HttpUrl, Image, Manifest, NodeName,
    PodSecurity, Registries, ServerAddress, Swap, WhenDamaged,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// For a machine whose host name cannot be a node's: it is made from the machine id, which may be damaged.
const NAMELESS: &str = "holdfast-node";

/// The node, its cluster, and the configuration as far as the cluster is concerned. It holds secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// What the node is for its cluster.
    pub role: Role,
    /// The release, for example `0.1.0`.
    pub version: String,
    /// Who the node is.
    pub node: NodeIdentity,
    /// What the cluster is.
    pub cluster: ClusterIdentity,
    /// Whether the cluster was founded: then node name and cluster are those of its founding, not the configuration's.
    pub founded: bool,
    /// Where the cluster keeps its objects.
    pub datastore: Datastore,
    /// What is done when something on the state disk is damaged, the datastore among it.
    pub when_damaged: WhenDamaged,
    /// More names and addresses for the API server's certificate.
    pub tls_sans: Vec<ServerAddress>,
    /// The user's flags for the components.
    pub args: ComponentArgs,
    /// Environment for the engine, containerd and the keeper: proxies above all.
    pub environment: BTreeMap<String, String>,
    /// How to reach registries.
    pub registries: Registries,
    /// The manifests that `config.yaml` holds or names.
    pub manifests: Vec<Manifest>,
    /// The image archives that it names.
    pub images: Vec<Image>,
    /// What a stick with a bundle may bring.
    pub bundles: Bundles,
    /// How much the audit log tells.
    pub audit: AuditLevel,
    /// What pods may want in namespaces that say nothing about it.
    pub pod_security: PodSecurity,
    /// What memory of pods goes to that they do not use.
    pub swap: Swap,
    /// How many seconds pods get to end when the machine goes down; 0 ends them without their hooks.
    pub shutdown_seconds: u32,
    /// Packaged workloads, each on or off.
    pub components: Components,
    /// Where more of the configuration is fetched from.
    pub config_url: Option<HttpUrl>,
}

impl Settings {
    /// The settings that follow from a configuration. `hostname` is the machine's, for a configuration that names no node;
    /// `version` is the release's; what the cluster was founded with counts for more than the configuration.
    pub fn of(config: &Config, hostname: &str, version: &str, founded: Option<&Founding>) -> Self {
        let kubernetes = &config.kubernetes;
        let settings = Self {
            role: Role::default(),
            version: version.into(),
            node: NodeIdentity {
                name: configured_name(config, hostname),
                address: kubernetes.node_address,
                labels: config.labels.clone(),
                taints: config.taints.clone(),
            },
            cluster: ClusterIdentity::of(config),
            founded: false,
            datastore: Datastore::default(),
            when_damaged: config.state.when_damaged,
            tls_sans: kubernetes.tls_sans.clone(),
            args: kubernetes.args.clone(),
            environment: environment(config, founded),
            registries: config.registries.clone(),
            manifests: config.manifests.clone(),
            images: config.images.clone(),
            bundles: config.bundles.clone(),
            audit: kubernetes.audit,
            pod_security: kubernetes.pod_security,
            swap: kubernetes.swap,
            shutdown_seconds: kubernetes.shutdown_seconds,
            components: config.components.clone(),
            config_url: config.config_url.clone(),
        };
        match founded {
            Some(founded) => settings.founded_as(founded),
            None => settings,
        }
    }

    /// These settings in a cluster that was founded: node name and networks are those of its founding.
    #[must_use]
    pub fn founded_as(mut self, founding: &Founding) -> Self {
        self.node.name = founding.node_name.clone();
        self.cluster = founding.cluster.clone();
        self.founded = true;
        self
    }

    /// What a cluster with these settings is founded with.
    pub fn founding(&self) -> Founding {
        Founding {
            node_name: self.node.name.clone(),
            cluster: self.cluster.clone(),
        }
    }

    /// The settings of a node whose `config.yaml` says nothing.
    pub fn named(hostname: &str, version: &str) -> Self {
        Self::of(&Config::default(), hostname, version, None)
    }

    /// The name of the image that system workloads and pod sandboxes use.
    pub fn system_image(&self) -> String {
        // A version may carry build metadata (`1.2.0+3`); a tag may not.
        format!("holdfast.local/system:{}", self.version.replace('+', "-"))
    }

    /// Whether a packaged manifest is wanted, by its file's name without extension. What no key switches is.
    pub fn has_component(&self, name: &str) -> bool {
        match name {
            "coredns" => self.components.coredns,
            "metrics-server" => self.components.metrics_server,
            "local-path" => self.components.local_path_provisioner,
            _ => true,
        }
    }

    /// Files in the manifests folder that `config.yaml` names by URL; each is there as soon as it is fetched.
    pub fn fetched_manifests(&self) -> BTreeSet<String> {
        self.manifests.iter().filter_map(fetched_file).collect()
    }

    /// Names and addresses that the API server's certificate answers for, each once.
    pub fn api_names(&self, node_address: IpAddr) -> Vec<String> {
        let domain = &self.cluster.domain;
        let mut names = vec![
            "kubernetes".into(),
            "kubernetes.default".into(),
            "kubernetes.default.svc".into(),
            format!("kubernetes.default.svc.{domain}"),
            "localhost".into(),
            self.node.name.to_string(),
            "127.0.0.1".into(),
            "::1".into(),
            self.cluster.api_address().to_string(),
            node_address.to_string(),
        ];
        names.extend(self.tls_sans.iter().map(ToString::to_string));
        let mut seen = BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        names
    }
}

fn configured_name(config: &Config, hostname: &str) -> NodeName {
    let named = config.kubernetes.node_name.clone();
    let named = named.or_else(|| NodeName::parse(&hostname.to_ascii_lowercase()).ok());
    named.unwrap_or_else(|| NodeName::parse(NAMELESS).expect("a literal name parses"))
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn a_component_is_there_unless_it_is_switched_off() {
        let text = "version: 1\ncomponents: {metrics_server: false}\n";
        let config = os_config::parse_config("config.yaml", text.as_bytes()).expect("valid");
        let settings = Settings::of(&config, "edge", "0.1.0", None);
        for (name, there) in [
            ("coredns", true),
            ("metrics-server", false),
            ("local-path", true),
            ("flannel", true),
        ] {
            assert_eq!(settings.has_component(name), there, "{name}");
        }
    }
}
