//! The same, told in the cluster.

use super::aside::{Aside, all};
use crate::keeper::backoff::Backoff;
use crate::keeper::context::{Keeper, MANAGER};
use crate::keeper::folder::{self, Folder};
use k8s_openapi::api::core::v1::{Event, Node};
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::{Client, Error};
use serde_json::{Value, json};
use tracing::debug;

/// The condition of the node.
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
    if let Some(patch) = condition(&node, asides) {
        let patch = Patch::Strategic(patch);
        nodes
            .patch_status(name, &PatchParams::default(), &patch)
            .await?;
    }
    let events: Api<Event> = Api::default_namespaced(client.clone());
    for aside in asides {
        let event = serde_json::from_value(event(&node, name, aside)).map_err(Error::SerdeError)?;
        match events.create(&PostParams::default(), &event).await {
            // Told before.
            Err(Error::Api(status)) if status.code == 409 => {}
            done => drop(done?),
        }
    }
    Ok(())
}

/// The change of the node that makes its condition say how things are; none if it does, or if all is well and always was.
fn condition(node: &Node, asides: &[Aside]) -> Option<Value> {
    let all = node
        .status
        .iter()
        .flat_map(|s| s.conditions.iter().flatten());
    let now = all.into_iter().find(|c| c.type_ == CONDITION);
    let (status, reason, message, since) = match asides.last() {
        Some(aside) => (
            "True",
            aside.reason(),
            aside.message(),
            Some(aside.record.found.clone()),
        ),
        None => {
            now?;
            let message = "no damaged datastore is kept on this node".to_owned();
            ("False", "Whole", message, None)
        }
    };
    let same = now.is_some_and(|c| c.status == status && c.message.as_deref() == Some(&message));
    (!same).then(|| {
        json!({ "status": { "conditions": [{
            "type": CONDITION, "status": status, "reason": reason, "message": message, "lastTransitionTime": since,
        }] } })
    })
}

fn event(node: &Node, name: &str, aside: &Aside) -> Value {
    let found = &aside.record.found;
    json!({
        "metadata": { "name": format!("{name}.{}", aside.name()), "namespace": "default" },
        "involvedObject": { "apiVersion": "v1", "kind": "Node", "name": name, "uid": node.metadata.uid },
        "type": "Warning",
        "reason": CONDITION,
        "message": aside.message(),
        "source": { "component": MANAGER, "host": name },
        "firstTimestamp": found,
        "lastTimestamp": found,
        "count": 1,
    })
}

#[cfg(test)]
mod tests {
    use super::{Aside, condition, event};
    use k8s_openapi::api::core::v1::{Event, Node};
    use serde_json::json;

    fn aside() -> Aside {
        let record = json!({
            "found": "2026-11-02T08:00:00Z", "why": "malformed", "what": "snapshot", "as_of": "2026-11-02T05:00:00Z",
            "finished": true,
        });
        Aside {
            folder: "/db/damaged-20261102T080000Z".into(),
            record: serde_json::from_value(record).expect("a record"),
        }
    }

    fn node(conditions: serde_json::Value) -> Node {
        let node =
            json!({ "metadata": { "name": "edge" }, "status": { "conditions": conditions } });
        serde_json::from_value(node).expect("a node")
    }

    #[test]
    fn the_condition_is_patched_only_when_it_says_something_else() {
        let new = node(json!([]));
        assert_eq!(condition(&new, &[]), None, "never damaged");
        let patch = condition(&new, &[aside()]).expect("a patch");
        let told = patch["status"]["conditions"][0].clone();
        assert_eq!(
            (told["status"].as_str(), told["reason"].as_str()),
            (Some("True"), Some("RestoredFromSnapshot"))
        );
        let damaged = node(json!([told]));
        assert_eq!(condition(&damaged, &[aside()]), None, "said already");
        let patch = condition(&damaged, &[]).expect("a patch");
        assert_eq!(patch["status"]["conditions"][0]["status"], "False");
        let mended = node(patch["status"]["conditions"].clone());
        assert_eq!(condition(&mended, &[]), None, "said already");
    }

    #[test]
    fn the_event_names_the_node() {
        let event = event(&node(json!([])), "edge", &aside());
        assert_eq!(event["metadata"]["name"], "edge.damaged-20261102t080000z");
        serde_json::from_value::<Event>(event).expect("an event");
    }
}
