//! What `config diff` says a change restarts, held against the services that PID 1 would really start anew.

use os_config::{Impact, Loaded, Sources, diff, load};
use runtime::{Founding, Settings, services};
use std::collections::BTreeSet;

/// A service of the image, whose description never changes: node-setup tells it to read its file again.
const TOLD: &str = "time";

/// The least of each key, and a change of it: before, after.
const CHANGES: &[(&str, &str)] = &[
    ("hostname: edge-1", "hostname: edge-2"),
    ("timezone: UTC", "timezone: Europe/Berlin"),
    ("", "ssh_authorized_keys: [github:alice]"),
    ("", "password: secret-one"),
    ("", "write_files: [{path: /etc/motd, content: a}]"),
    ("", "init_commands: [a]"),
    ("", "boot_commands: [a]"),
    ("", "run_commands: [a]"),
    ("", "modules: [nvme_tcp]"),
    ("", "sysctls: {net.core.rmem_max: 1}"),
    ("", "environment: {EDITOR: vi}"),
    ("environment: {EDITOR: vi}", "environment: {EDITOR: ed}"),
    ("", "ntp_servers: [ntp.example]"),
    (
        "ntp_servers: [ntp.example]",
        "ntp_servers: [ntp.example]\ntime: {nts: true}",
    ),
    (
        "ntp_servers: [ntp.example]\ntime: {nts: true}",
        "ntp_servers: [ntp.example]\ntime: {nts: true, ca: \"-----BEGIN CERTIFICATE-----\\nTUlJ\\n-----END CERTIFICATE-----\"}",
    ),
    ("", "time: {min_sources: 2}"),
    ("", "network: {proxy: {http: \"http://proxy.example\"}}"),
    ("", "network: {proxy: {https: \"http://proxy.example\"}}"),
    (
        "network: {proxy: {http: \"http://proxy.example\"}}",
        "network: {proxy: {http: \"http://proxy.example\", no_proxy: .example}}",
    ),
    ("", "network: {dns: {nameservers: [192.168.1.1]}}"),
    ("", "network: {interfaces: [{name: eth0, dhcp: true}]}"),
    ("", "network: {wifi: [{name: shop}]}"),
    ("", "network: {wifi_country: DE}"),
    ("", "network: {firewall: {enabled: false}}"),
    ("", "network: {firewall: {ssh_from: 192.168.1.0/24}}"),
    ("", "network: {firewall: {api_from: 192.168.1.0/24}}"),
    ("", "network: {firewall: {kubelet_from: []}}"),
    ("", "network: {firewall: {pods_from: 192.168.1.0/24}}"),
    ("", "labels: {a: b}"),
    ("", "taints: [\"a:NoSchedule\"]"),
    ("", "kubernetes: {node_name: other}"),
    ("", "kubernetes: {node_address: 192.168.1.10}"),
    ("", "kubernetes: {pod_cidr: 10.50.0.0/16}"),
    ("", "kubernetes: {service_cidr: 10.51.0.0/16}"),
    ("", "kubernetes: {cluster_domain: edge.local}"),
    ("", "kubernetes: {tls_sans: [api.example]}"),
    ("", "kubernetes: {shutdown_seconds: 30}"),
    ("", "kubernetes: {swap: compressed}"),
    ("", "kubernetes: {audit: request}"),
    ("", "kubernetes: {pod_security: baseline}"),
    ("", "kubernetes: {api_server_args: {event-ttl: 30m}}"),
    (
        "",
        "kubernetes: {controller_manager_args: {kube-api-qps: 50}}",
    ),
    ("", "kubernetes: {scheduler_args: {kube-api-qps: 50}}"),
    ("", "kubernetes: {kubelet_args: {max-pods: 60}}"),
    ("", "kubernetes: {kube_proxy_args: {conntrack-min: 1}}"),
    (
        "",
        "registries: {mirrors: {docker.io: {endpoints: \"https://mirror.example\"}}}",
    ),
    (
        "",
        "registries: {configs: {mirror.example: {auth: {token: secret}}}}",
    ),
    (
        "",
        "registries: {configs: {mirror.example: {tls: {insecure_skip_verify: true}}}}",
    ),
    ("", "manifests: [{url: \"https://a.example/a.yaml\"}]"),
    ("", "manifests: [{name: a.yaml, content: \"a: b\"}]"),
    ("", "images: [{path: /var/lib/images/app.tar}]"),
    ("", "components: {coredns: false}"),
    ("", "components: {metrics_server: false}"),
    ("", "components: {local_path_provisioner: false}"),
    ("", "config_url: https://config.example/a.yaml"),
    ("", "bundles: {unsigned: true}"),
    ("", "install: {wipe: true}"),
    ("", "logs: {persist: true}"),
    ("", "state: {when_damaged: stop}"),
    ("", "state: {encryption: tpm}"),
    ("", "backup: {keep: 3}"),
    (
        "backup: {s3: {endpoint: \"https://s3.example\", bucket: shop, access_key: a, secret_key: b}}",
        "backup: {s3: {endpoint: \"https://s3.example\", bucket: shop, access_key: a, secret_key: b, folder: c}}",
    ),
    (
        "backup: {recipients: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]}",
        "backup: {every_hours: 24, recipients: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]}",
    ),
];

fn loaded(text: &str) -> Loaded {
    let text = format!("version: 1\n{text}\n");
    load(&Sources::one("config.yaml", text.as_str())).unwrap_or_else(|report| panic!("{report}"))
}

fn settings(loaded: &Loaded, founded: Option<&Founding>) -> Settings {
    let config = loaded.config();
    let hostname = config
        .hostname
        .as_ref()
        .map_or("edge", |name| name.as_str());
    Settings::of(config, hostname, "1.0.0", founded)
}

/// The services whose description differs, on a node whose cluster was founded before the change.
fn changed(before: &Loaded, after: &Loaded) -> BTreeSet<String> {
    let founded = settings(before, None).founding();
    let before = services(&settings(before, Some(&founded)));
    let after = services(&settings(after, Some(&founded)));
    assert_eq!(before.len(), after.len());
    let pairs = before.into_iter().zip(after);
    pairs
        .filter(|(before, after)| before != after)
        .map(|(service, _)| service.name.to_string())
        .collect()
}

#[test]
fn what_diff_says_is_what_starts_anew() {
    let mut wrong = Vec::new();
    for (before, after) in CHANGES {
        let (before, after) = (loaded(before), loaded(after));
        let changes = diff(&before, &after);
        let [change] = changes.as_slice() else {
            panic!("one change at a time: {changes:?}");
        };
        let mut really = changed(&before, &after);
        let said: BTreeSet<String> = match change.impact {
            Impact::Restart(services) => services
                .iter()
                .filter(|service| **service != TOLD)
                .map(ToString::to_string)
                .collect(),
            // Only the keeper, which nobody notices.
            Impact::Live | Impact::Reboot => {
                really.remove("keeper");
                BTreeSet::new()
            }
            Impact::NewCluster => BTreeSet::new(),
        };
        if said != really {
            wrong.push(format!("{}: said {said:?}, really {really:?}", change.key));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_key_is_tried() {
    let schema: serde_json::Value =
        serde_json::from_str(&os_config::schema_json()).expect("the schema is JSON");
    let members = |schema: &serde_json::Value, above: &str| -> Vec<String> {
        let members = schema["properties"].as_object().expect("it has members");
        let taken = members
            .iter()
            .filter(|(_, schema)| schema.get("not").is_none());
        taken.map(|(key, _)| format!("{above}{key}:")).collect()
    };
    let top = members(&schema, "");
    let kubernetes = members(&schema["properties"]["kubernetes"], "kubernetes: {");
    for key in top
        .iter()
        .chain(&kubernetes)
        .filter(|key| *key != "version:")
    {
        let tried = CHANGES
            .iter()
            .any(|(_, after)| after.starts_with(key.as_str()));
        assert!(tried, "{key}");
    }
}
