//! A node whose cluster exists: what of a later configuration counts, and what starts anew.

use crate::node::TestNode;
use init_api::Services;
use node_setup::Outcome;

const FOUNDED: &str = "var/lib/holdfast/cluster/founding.json";
const EDGE: &str = r#"{"node_name":"edge-1","pods":"10.42.0.0/16","services":"10.43.0.0/16","domain":"cluster.local"}"#;

/// A node with this configuration, whose cluster was founded like that.
fn node(config: &str, founded: &str) -> TestNode {
    let node = TestNode::new(&format!("version: 1\n{config}"));
    node.write(FOUNDED, founded);
    assert_eq!(node.configure(), Outcome::Applied);
    node
}

fn services(node: &TestNode) -> Services {
    serde_json::from_str(&node.read("run/holdfast/services.json")).unwrap()
}

/// What the node says it ignores.
fn ignored(node: &TestNode) -> String {
    let mut told = node.warnings();
    told.retain(|line| line.contains("is ignored"));
    told.join("\n")
}

#[test]
fn what_a_cluster_was_founded_with_starts_nothing_anew_and_is_told() {
    let plain = node("hostname: edge-1\n", EDGE);
    assert_eq!(ignored(&plain), "");
    for (case, config, told) in [
        ("a new host name", "hostname: shop-7\n", ""),
        (
            "a new node name",
            "hostname: edge-1\nkubernetes: {node_name: shop-7}\n",
            "kubernetes.node_name: shop-7 is ignored",
        ),
        (
            "new pod addresses",
            "hostname: edge-1\nkubernetes: {pod_cidr: 10.50.0.0/16}\n",
            "kubernetes.pod_cidr: 10.50.0.0/16 is ignored",
        ),
        (
            "new service addresses",
            "hostname: edge-1\nkubernetes: {service_cidr: 10.51.0.0/16}\n",
            "kubernetes.service_cidr: 10.51.0.0/16 is ignored",
        ),
        (
            "a new domain",
            "hostname: edge-1\nkubernetes: {cluster_domain: shop.local}\n",
            "kubernetes.cluster_domain: shop.local is ignored",
        ),
    ] {
        let changed = node(config, EDGE);
        assert_eq!(services(&changed), services(&plain), "{case}");
        let ignored = ignored(&changed);
        assert!(ignored.starts_with(told), "{case}: {ignored}");
        assert_eq!(told.is_empty(), ignored.is_empty(), "{case}: {ignored}");
    }
    let renamed = node("hostname: shop-7\n", EDGE);
    assert_eq!(renamed.read("etc/hostname"), "shop-7\n");
}

#[test]
fn the_networks_that_count_never_go_through_a_proxy() {
    let proxy =
        "network: {proxy: {http: \"http://p:3128\"}}\nkubernetes: {pod_cidr: 10.50.0.0/16}\n";
    let node = node(proxy, EDGE);
    for path in ["etc/environment", "etc/ssh/sshd_config"] {
        let text = node.read(path);
        assert!(text.contains("10.42.0.0/16"), "{path}: {text}");
        assert!(!text.contains("10.50.0.0/16"), "{path}: {text}");
    }
}

#[test]
fn a_damaged_record_is_told_and_leaves_the_node_reachable() {
    let node = node("hostname: edge-1\n", "{\"node_name\": \"ed");
    let warnings = node.warnings().join("\n");
    assert!(warnings.contains("founding.json"), "{warnings}");
    assert_eq!(node.read(FOUNDED), "{\"node_name\": \"ed");
}
