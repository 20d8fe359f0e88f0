//! The same, told in the cluster.

use super::aside::{Aside, all};
use crate::keeper::backoff::Backoff;
use crate::keeper::context::Keeper;
use crate::keeper::folder::{self, Folder};
use crate::keeper::tell::{Condition, Warning, node_reference};
use k8s_openapi::api::core::v1::Node;
use kube::api::Api;
use kube::{Client, Error};
use tracing::debug;

/// The condition of the node, and the reason of the events.
const CONDITION: &str = "DatastoreDamaged";

/// Keeps the node's condition as things are, and makes an event of each damage. A failure is tried again.
pub(in crate::keeper) async fn tell(keeper: &Keeper, client: &Client) {
    let folder = keeper.paths.database();
    let name = keeper.settings.node.name.as_str();
    let mut backoff = Backoff::new();
    let mut watched = Folder::watch(&folder).ok();
    loop {
        match bring_in_line(client, name, &all(&folder)).await {
            Ok(()) => {
                backoff.reset();
                folder::changed(&mut watched).await;
            }
            // The node may not be registered yet.
            Err(error) => {
                debug!("cannot tell about the datastore: {error}");
                tokio::time::sleep(backoff.pause()).await;
            }
        }
    }
}

async fn bring_in_line(client: &Client, name: &str, asides: &[Aside]) -> Result<(), Error> {
    let nodes: Api<Node> = Api::all(client.clone());
    let node = nodes.get(name).await?;
    if let Some(condition) = condition(&node, asides) {
        condition.ensure(client, &node).await?;
    }
    for aside in asides {
        let warning = Warning {
            once: Some(aside.name()),
            reason: CONDITION,
            message: aside.message(),
        };
        warning.publish(client, &node_reference(&node)).await?;
    }
    Ok(())
}

/// How things are; none if all is well and always was.
fn condition(node: &Node, asides: &[Aside]) -> Option<Condition> {
    if let Some(aside) = asides.last() {
        return Some(Condition {
            kind: CONDITION,
            holds: true,
            reason: aside.reason(),
            message: aside.message(),
        });
    }
    let whole = Condition {
        kind: CONDITION,
        holds: false,
        reason: "Whole",
        message: "no damaged datastore is kept on this node".to_owned(),
    };
    whole.of(node).is_some().then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::{Aside, condition};
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
        assert_eq!(condition(&new, &[]), None, "never damaged");
        let told = condition(&new, &[aside]).expect("a condition");
        assert_eq!((told.holds, told.reason), (true, "RestoredFromSnapshot"));
        let damaged = node(json!([{ "type": told.kind, "status": "True" }]));
        let mended = condition(&damaged, &[]).expect("a condition");
        assert!(!mended.holds, "the damaged one was removed");
    }
}
