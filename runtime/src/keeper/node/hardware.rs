//! What the machine says of its health: supply, heat, disk.

use super::announced::{Announced, WhileThere};
use crate::keeper::tell::Condition;
use init_api::{Root, paths};
use k8s_openapi::api::core::v1::Node;

pub(super) const HARDWARE: Announced = Announced {
    topic: "hardware",
    what: "how the hardware is",
    record: paths::HARDWARE,
    condition,
};

fn condition(root: &Root, node: &Node) -> Option<Condition> {
    WhileThere {
        kind: "HardwareTrouble",
        record: paths::HARDWARE,
        reason: "HardwareReports",
        over: ("HardwareIsWell", "the hardware reports nothing"),
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
    fn it_comes_with_the_record_and_stays_as_false() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        let node = |conditions: serde_json::Value| -> Node {
            let node = json!({ "metadata": {}, "status": {"conditions": conditions} });
            serde_json::from_value(node).expect("a node")
        };
        assert_eq!(condition(&root, &node(json!([]))), None);
        let path = root.path(paths::HARDWARE);
        fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
        fs::write(&path, "the power supply gives too little voltage now\n").expect("written");
        let told = condition(&root, &node(json!([]))).expect("a condition");
        assert!(told.holds && told.message.ends_with("voltage now"));
        fs::remove_file(&path).expect("removed");
        let used = node(json!([{ "type": told.kind, "status": "True" }]));
        assert!(!condition(&root, &used).expect("a condition").holds);
    }
}
