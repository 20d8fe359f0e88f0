//! A datastore that was damaged, as the engine notes it: told for as long as the damaged one is kept.

mod aside;

use super::context::Keeper;
use super::kept_damage::KeptDamage;
use aside::{Aside, all};
use kube::Client;

const DAMAGE: KeptDamage<Aside> = KeptDamage {
    topic: "datastore",
    condition: "DatastoreDamaged",
    whole: "no damaged datastore is kept on this node",
    all,
};

/// Shows it on this machine, whether or not the API answers.
pub(super) async fn show(keeper: &Keeper) {
    DAMAGE.show(keeper, &keeper.paths.database()).await;
}

/// Tells of it in the cluster.
pub(super) async fn tell(keeper: &Keeper, client: &Client) {
    DAMAGE.tell(keeper, client, &keeper.paths.database()).await;
}

#[cfg(test)]
mod tests {
    use super::{Aside, DAMAGE};
    use k8s_openapi::api::core::v1::Node;
    use serde_json::json;

    #[test]
    fn a_node_whose_datastore_was_never_damaged_has_no_condition() {
        let record = json!({
            "found": "2026-11-02T08:00:00Z", "why": "malformed", "what": "snapshot", "as_of": "2026-11-02T05:00:00Z",
            "finished": true,
        });
        let aside = Aside {
            folder: "/db/damaged-20261102T080000Z".into(),
            record: serde_json::from_value(record).expect("a record"),
        };
        let node = |conditions: serde_json::Value| -> Node {
            let node =
                json!({ "metadata": { "name": "edge" }, "status": { "conditions": conditions } });
            serde_json::from_value(node).expect("a node")
        };
        let new = node(json!([]));
        assert_eq!(DAMAGE.condition(&new, &[]), None, "never damaged");
        let told = DAMAGE.condition(&new, &[aside]).expect("a condition");
        assert_eq!((told.holds, told.reason), (true, "RestoredFromSnapshot"));
        let damaged = node(json!([{ "type": told.kind, "status": "True" }]));
        let mended = DAMAGE.condition(&damaged, &[]).expect("a condition");
        assert!(!mended.holds, "the damaged one was removed");
    }
}
