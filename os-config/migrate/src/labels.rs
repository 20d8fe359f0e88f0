//! Labels of the node.

use super::coerce::pairs;
use super::draft::{Draft, nest};
use os_config::tree::Node;

/// Moves every label but those of k3OS itself.
pub(super) fn labels(draft: &mut Draft, value: &Node) {
    for (name, span, value) in pairs(value) {
        if of_k3os(&name) {
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

/// True for a label that only k3OS and its upgrades set.
pub(super) fn of_k3os(name: &str) -> bool {
    ["k3os.io/", "plan.upgrade.cattle.io/"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}
