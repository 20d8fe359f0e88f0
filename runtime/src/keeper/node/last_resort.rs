//! A network card that uses its last resort: the configured network is not the one that the node is in.

use super::announced::{Announced, WhileThere};
use crate::keeper::tell::Condition;
use init_api::{Root, paths};
use k8s_openapi::api::core::v1::Node;

pub(super) const LAST_RESORT: Announced = Announced {
    topic: "last resort",
    what: "whether a network card uses its last resort",
    record: paths::LAST_RESORT,
    condition,
};

fn condition(root: &Root, node: &Node) -> Option<Condition> {
    WhileThere {
        kind: "LastResortNetwork",
        record: paths::LAST_RESORT,
        reason: "AddressByDHCP",
        over: ("Configured", "the network cards run as configured"),
    }
    .condition(root, node)
}

#[cfg(test)]
mod tests {
    use super::condition;
    use init_api::{Root, paths};
    use k8s_openapi::api::core::v1::Node;
    use serde_json::json;
    use std::fs;

    #[test]
    fn only_a_node_that_used_it_says_so() {
        let folder = tempfile::tempdir().expect("temp folder");
        let root = Root::new(folder.path());
        let node = |conditions: serde_json::Value| -> Node {
            let node =
                json!({ "metadata": {"name": "edge"}, "status": {"conditions": conditions} });
            serde_json::from_value(node).expect("a node")
        };
        let new = node(json!([]));
        assert_eq!(condition(&root, &new), None);
        let path = root.path(paths::LAST_RESORT);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
        fs::write(&path, "eth0 can be reached at 10.1.1.9\n").expect("written");
        let told = condition(&root, &new).expect("a condition");
        assert!(told.holds && told.message == "eth0 can be reached at 10.1.1.9");
        fs::remove_file(&path).expect("removed");
        let used = node(json!([{ "type": told.kind, "status": "True" }]));
        assert!(!condition(&root, &used).expect("a condition").holds);
    }
}
