//! A new file on a node whose cluster exists.

use crate::node::TestNode;
use node_setup::change::{Proposal, Writable, propose, put_restored};
use std::io;
use std::path::Path;

const OWN: &str = "version: 1\nhostname: edge-1\nkubernetes: {pod_cidr: 10.50.0.0/16}\n";
const BAD: &str = "version: 1\nhostnam: edge-1\nkubernetes: {pod_cidr: 10.50.0.0/16}\n";
const FOUNDED: &str = r#"{"node_name": "edge-1", "pods": "10.50.0.0/16", "services": "10.43.0.0/16", "domain": "cluster.local"}"#;

fn proposed(node: &TestNode, text: &str) -> Proposal {
    propose(&node.root, &mut node.media(), "new.yaml", text.into(), None).unwrap()
}

fn changes(proposal: &Proposal) -> Vec<&str> {
    let changes = proposal.changes.iter();
    changes.map(|change| change.key.as_str()).collect()
}

/// Whatever is in force, and whether what the cluster was founded with was kept or not.
#[test]
fn a_file_that_fits_the_cluster_is_taken_and_another_is_not() {
    let pods = "kubernetes.pod_cidr is 10.42.0.0/16 in the file and 10.50.0.0/16 in the cluster";
    for (in_force, founded) in [
        (OWN, Some(FOUNDED)),
        (OWN, None),
        (OWN, Some("damaged")),
        (BAD, Some(FOUNDED)),
        (BAD, None),
    ] {
        let node = TestNode::new(OWN);
        node.configure();
        node.write("var/lib/holdfast/cluster/db/state.db", "");
        if let Some(founded) = founded {
            node.write("var/lib/holdfast/cluster/founding.json", founded);
        }
        node.write("config/config.yaml", in_force);
        let mended = proposed(&node, &OWN.replace("edge-1", "edge-2"));
        let case = format!("{in_force}{founded:?}: {mended:?}");
        assert_eq!(changes(&mended), ["hostname"], "{case}");
        assert!(mended.against_cluster.is_empty(), "{case}");
        let without = proposed(&node, "version: 1\nhostname: edge-1\n");
        assert_eq!(without.against_cluster, [pods], "{case}");
    }
}

#[test]
fn all_that_a_cluster_is_founded_with() {
    let node = TestNode::new(OWN);
    node.write("var/lib/holdfast/cluster/founding.json", FOUNDED);
    let text = "version: 1\nkubernetes: {node_name: other, pod_cidr: 10.50.0.0/16, service_cidr: 10.44.0.0/16, cluster_domain: shop.local}\n";
    assert_eq!(
        proposed(&node, text).against_cluster,
        [
            "kubernetes.node_name is other in the file and edge-1 in the cluster",
            "kubernetes.service_cidr is 10.44.0.0/16 in the file and 10.43.0.0/16 in the cluster",
            "kubernetes.cluster_domain is shop.local in the file and cluster.local in the cluster",
        ]
    );
}

#[test]
fn without_a_cluster_everything_can_change() {
    let node = TestNode::new(OWN);
    node.configure();
    let proposal = proposed(&node, "version: 1\n");
    assert_eq!(changes(&proposal), ["hostname", "kubernetes.pod_cidr"]);
    assert!(proposal.against_cluster.is_empty(), "{proposal:?}");
}

struct Open;

impl Writable for Open {
    fn set_writable(&mut self, _: &Path, _: bool) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_configuration_of_a_backup_goes_on_the_partition_once() {
    let node = TestNode::new(OWN);
    let put = || put_restored(&node.root, &mut node.media(), &mut Open).unwrap();
    put();
    assert_eq!(node.read("config/config.yaml"), OWN, "there is none");
    node.write("var/lib/holdfast/config/from-backup.yaml", BAD);
    put();
    assert_eq!(node.read("config/config.yaml"), BAD);
    assert_eq!(node.read("var/lib/holdfast/config/previous.yaml"), OWN);
    node.write("config/config.yaml", OWN);
    put();
    assert_eq!(node.read("config/config.yaml"), OWN, "only once");
}
