//! A node that was drained for a reboot takes pods again afterwards.

use k8s_openapi::api::core::v1::Node;
use serde_json::{Value, json};

/// Says that `holdfast reboot --drain` has cordoned the node, in the boot whose id stands here.
pub(super) const DRAINED: &str = "holdfast.dev/drained-in-boot";

/// The merge patch that lets pods come again; none in the boot in which they were sent away, or if somebody else did that.
pub(super) fn patch(node: &Node, boot: &str) -> Option<Value> {
    let annotations = node.metadata.annotations.as_ref()?;
    let drained = annotations.get(DRAINED)?;
    (!boot.is_empty() && drained != boot).then(|| {
        json!({
            "metadata": {
                "resourceVersion": node.metadata.resource_version,
                "annotations": { DRAINED: null },
            },
            "spec": { "unschedulable": null },
        })
    })
}

#[cfg(test)]
mod tests {
    use super::patch;
    use k8s_openapi::api::core::v1::Node;
    use serde_json::{Value, json};

    #[test]
    fn only_after_the_boot_and_only_what_the_command_did() {
        let node = |annotations: Value| -> Node {
            let value = json!({
                "metadata": { "name": "n", "resourceVersion": "7", "annotations": annotations },
                "spec": { "unschedulable": true },
            });
            serde_json::from_value(value).expect("a node")
        };
        let drained = node(json!({"holdfast.dev/drained-in-boot": "b1"}));
        assert_eq!(patch(&drained, "b1"), None, "on its way down");
        assert_eq!(
            patch(&drained, ""),
            None,
            "the kernel does not say which boot it is"
        );
        let expected = json!({
            "metadata": { "resourceVersion": "7", "annotations": {"holdfast.dev/drained-in-boot": null} },
            "spec": { "unschedulable": null },
        });
        assert_eq!(patch(&drained, "b2"), Some(expected));
        assert_eq!(patch(&node(json!({})), "b2"), None, "cordoned by a person");
    }
}
