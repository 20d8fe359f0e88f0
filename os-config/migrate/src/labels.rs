//! Labels of the node.

use super::coerce::pairs;
use super::draft::{Draft, nest};
use os_config::tree::Node;

/// Moves every label but those of k3OS itself.
pub(super) fn labels(draft: &mut Draft, value: &Node) {
    for (name, span, value) in pairs(value) {
        if name.starts_with("k3os.io/") || name.starts_with("plan.upgrade.cattle.io/") {
            draft.lost(
                span,
                &name,
                "a label of k3OS itself; Holdfast's upgrades have their own",
                nest(&["labels", &name], value),
            );
        } else {
            draft.put(&["labels", &name], value);
        }
    }
}
