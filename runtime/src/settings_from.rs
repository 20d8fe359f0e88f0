//! The checked configuration, as the planner's input.

use crate::Founding;
use crate::fetched::fetched_file;
use crate::settings::{
    Audit, ClusterNetwork, ClusterSettings, ExtraArgs, Flags, InlineManifest, Mirror, Registries,
    RegistryHost, Taint,
};
use os_config::{AuditLevel, Config, FlagArgs, Image, Manifest, RegistryAuth};
use std::collections::{BTreeMap, BTreeSet};

impl ClusterSettings {
    /// The cluster's part of a configuration. `hostname` is the machine's, for a configuration that names no node;
    /// `version` is the release's; what the cluster was founded with counts for more than the configuration.
    pub fn of(config: &Config, hostname: &str, version: &str, founded: Option<&Founding>) -> Self {
        let kubernetes = &config.kubernetes;
        let (node_name, network) = match founded {
            Some(founded) => (founded.node_name.clone(), founded.network()),
            None => (
                configured_name(config, hostname),
                configured_network(config),
            ),
        };
        let labels = config
            .labels
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect();
        let taint = |taint: &os_config::Taint| Taint {
            key: taint.key.to_string(),
            value: taint.value.to_string(),
            effect: taint.effect.as_str().into(),
        };
        Self {
            node_address: kubernetes.node_address,
            environment: environment(config, &network),
            network,
            tls_sans: kubernetes
                .tls_sans
                .iter()
                .map(ToString::to_string)
                .collect(),
            labels,
            taints: config.taints.iter().map(taint).collect(),
            extra_args: extra_args(config),
            registries: registries(config),
            manifests: config.manifests.iter().filter_map(inline).collect(),
            fetched_manifests: config.manifests.iter().filter_map(fetched_file).collect(),
            audit: match kubernetes.audit {
                AuditLevel::Off => Audit::Off,
                AuditLevel::Metadata => Audit::Metadata,
                AuditLevel::Request => Audit::Request,
            },
            components_off: components_off(config),
            images: config.images.iter().filter_map(local).collect(),
            config_url: config.config_url.as_ref().map(ToString::to_string),
            ..Self::named(node_name, version)
        }
    }
}

fn configured_name(config: &Config, hostname: &str) -> String {
    let named = config.kubernetes.node_name.as_ref();
    named.map_or_else(|| hostname.to_ascii_lowercase(), ToString::to_string)
}

fn configured_network(config: &Config) -> ClusterNetwork {
    let kubernetes = &config.kubernetes;
    ClusterNetwork {
        pods: kubernetes.pod_cidr,
        services: kubernetes.service_cidr,
        domain: kubernetes.cluster_domain.to_string(),
    }
}

fn extra_args(config: &Config) -> ExtraArgs {
    let args = &config.kubernetes.args;
    let flags = |flags: &FlagArgs| -> Flags {
        flags
            .iter()
            .map(|(k, v)| (k.to_string(), v.clone()))
            .collect()
    };
    ExtraArgs {
        api_server: flags(&args.api_server),
        controller_manager: flags(&args.controller_manager),
        scheduler: flags(&args.scheduler),
        kubelet: flags(&args.kubelet),
        kube_proxy: flags(&args.kube_proxy),
    }
}

/// The user's environment, and the proxy's variables. What stays inside the cluster never goes through a proxy.
fn environment(config: &Config, network: &ClusterNetwork) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = config
        .environment
        .iter()
        .map(|(k, v)| (k.to_string(), v.to_string()))
        .collect();
    let proxy = &config.network.proxy;
    for (name, url) in [("HTTP_PROXY", &proxy.http), ("HTTPS_PROXY", &proxy.https)] {
        if let Some(url) = url {
            all.insert(name.into(), url.to_string());
        }
    }
    if all.keys().any(|name| {
        name.eq_ignore_ascii_case("http_proxy") || name.eq_ignore_ascii_case("https_proxy")
    }) {
        let mut direct = proxy.no_proxy.clone();
        direct.extend(all.get("NO_PROXY").cloned());
        direct.extend([
            "localhost".into(),
            "127.0.0.0/8".into(),
            "::1".into(),
            "10.254.254.1".into(),
            network.pods.to_string(),
            network.services.to_string(),
            ".svc".into(),
            format!(".{}", network.domain),
        ]);
        direct.extend(config.kubernetes.node_address.map(|a| a.to_string()));
        all.insert("NO_PROXY".into(), direct.join(","));
    }
    all
}

fn registries(config: &Config) -> Registries {
    let mirror = |(name, mirror): (&os_config::RegistryHost, &os_config::RegistryMirror)| {
        let endpoints = mirror.endpoints.iter().map(ToString::to_string).collect();
        (name.to_string(), Mirror { endpoints })
    };
    let host = |(name, access): (&os_config::RegistryHost, &os_config::RegistryAccess)| {
        let (login, token) = match &access.auth {
            Some(RegistryAuth::Basic { username, password }) => {
                (Some((username.clone(), password.reveal().to_owned())), None)
            }
            Some(RegistryAuth::Token(token)) => (None, Some(token.reveal().to_owned())),
            None => (None, None),
        };
        let pem = |pem: &os_config::Pem| pem.as_str().to_owned();
        let entry = RegistryHost {
            login,
            token,
            ca: access.tls.ca.as_ref().map(pem),
            client: access.tls.client.as_ref().map(|(c, k)| (pem(c), pem(k))),
            skip_verify: access.tls.insecure_skip_verify,
        };
        (name.to_string(), entry)
    };
    Registries {
        mirrors: config.registries.mirrors.iter().map(mirror).collect(),
        hosts: config.registries.configs.iter().map(host).collect(),
    }
}

/// Manifests that are fetched are put into the user's folder by whoever fetches them.
fn inline(manifest: &Manifest) -> Option<InlineManifest> {
    match manifest {
        Manifest::Inline { name, content } => Some(InlineManifest {
            name: name.to_string(),
            content: content.clone(),
        }),
        Manifest::Url { .. } => None,
    }
}

fn local(image: &Image) -> Option<std::path::PathBuf> {
    match image {
        Image::Path(path) => Some(path.into()),
        Image::Url(_) => None,
    }
}

fn components_off(config: &Config) -> BTreeSet<String> {
    let components = &config.components;
    let all = [
        ("coredns", components.coredns),
        ("metrics-server", components.metrics_server),
        ("local-path", components.local_path_provisioner),
    ];
    all.into_iter()
        .filter(|(_, on)| !on)
        .map(|(name, _)| name.to_owned())
        .collect()
}
