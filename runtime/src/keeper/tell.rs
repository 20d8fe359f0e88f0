//! What the keeper says in the cluster: a condition of the node for what is so now, an event for what happened.

use super::context::MANAGER;
use k8s_openapi::api::core::v1::{Event, EventSource, Node, NodeCondition, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::{Client, Error};
use serde_json::{Value, json};

/// Events and conditions are shown in tables: the API takes 1024 bytes of an event.
const LONGEST: usize = 1000;

/// A condition of the node, as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) kind: &'static str,
    pub(super) holds: bool,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl Condition {
    /// Writes it when the node says something else.
    pub(super) async fn ensure(&self, client: &Client, node: &Node) -> Result<(), Error> {
        let Some(patch) = self.patch(node, Timestamp::now()) else {
            return Ok(());
        };
        let nodes: Api<Node> = Api::all(client.clone());
        let name = node.metadata.name.as_deref().unwrap_or_default();
        let patch = Patch::Strategic(patch);
        let params = PatchParams::default();
        nodes.patch_status(name, &params, &patch).await.map(drop)
    }

    /// As [`Condition::ensure`], with an event each time that it begins to hold or says something else.
    pub(super) async fn announce(&self, client: &Client, node: &Node) -> Result<(), Error> {
        if self.holds && !self.is_said(node) {
            // The event first: the condition says that it was made.
            let warning = Warning {
                once: None,
                reason: self.reason,
                message: self.message.clone(),
            };
            warning.publish(client, &node_reference(node)).await?;
        }
        self.ensure(client, node).await
    }

    /// What the node says about it now.
    pub(super) fn of<'a>(&self, node: &'a Node) -> Option<&'a NodeCondition> {
        let all = node.status.as_ref()?.conditions.as_ref()?;
        all.iter().find(|one| one.type_ == self.kind)
    }

    /// Whether the node says it already.
    pub(super) fn is_said(&self, node: &Node) -> bool {
        let message = shortened(&self.message);
        self.of(node).is_some_and(|present| {
            present.status == self.status() && present.message.as_deref() == Some(&message)
        })
    }

    fn status(&self) -> &'static str {
        if self.holds { "True" } else { "False" }
    }

    /// The patch of the node's status that makes it so; none if it is.
    fn patch(&self, node: &Node, now: Timestamp) -> Option<Value> {
        if self.is_said(node) {
            return None;
        }
        let now = now.to_string();
        let mut condition = json!({
            "type": self.kind,
            "status": self.status(),
            "reason": self.reason,
            "message": shortened(&self.message),
            "lastHeartbeatTime": now,
        });
        if self.of(node).is_none_or(|it| it.status != self.status()) {
            condition["lastTransitionTime"] = json!(now);
        }
        Some(json!({ "status": { "conditions": [condition] } }))
    }
}

/// Something that a person should look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Warning {
    /// Makes the event's name: a second event of that name about the same object is not made. Without one each is made.
    pub(super) once: Option<String>,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl Warning {
    /// Makes the event about `object`.
    pub(super) async fn publish(
        &self,
        client: &Client,
        object: &ObjectReference,
    ) -> Result<(), Error> {
        let event = self.event(object, Timestamp::now());
        let namespace = event.metadata.namespace.as_deref().unwrap_or_default();
        let events: Api<Event> = Api::namespaced(client.clone(), namespace);
        match events.create(&PostParams::default(), &event).await {
            // Told before.
            Err(Error::Api(status)) if status.code == 409 && self.once.is_some() => Ok(()),
            done => done.map(drop),
        }
    }

    fn event(&self, object: &ObjectReference, now: Timestamp) -> Event {
        let name = object.name.clone().unwrap_or_default();
        // What has no namespace has its events in this one.
        let namespace = object.namespace.clone().unwrap_or("default".to_owned());
        let metadata = ObjectMeta {
            name: self.once.as_ref().map(|once| format!("{name}.{once}")),
            generate_name: self.once.is_none().then(|| format!("{name}.")),
            namespace: Some(namespace),
            ..ObjectMeta::default()
        };
        Event {
            metadata,
            involved_object: object.clone(),
            type_: Some("Warning".to_owned()),
            reason: Some(self.reason.to_owned()),
            message: Some(shortened(&self.message)),
            source: Some(EventSource {
                component: Some(MANAGER.to_owned()),
                ..EventSource::default()
            }),
            first_timestamp: Some(Time(now)),
            last_timestamp: Some(Time(now)),
            count: Some(1),
            ..Event::default()
        }
    }
}

/// The node, for an event about it.
pub(super) fn node_reference(node: &Node) -> ObjectReference {
    ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("Node".to_owned()),
        name: node.metadata.name.clone(),
        uid: node.metadata.uid.clone(),
        ..ObjectReference::default()
    }
}

/// Its beginning, where the place and the reason stand, cut between characters.
fn shortened(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let mut end = LONGEST;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{} …", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::{Condition, Warning, node_reference, shortened};
    use k8s_openapi::api::core::v1::{Node, ObjectReference};
    use k8s_openapi::jiff::Timestamp;
    use serde_json::json;

    fn condition(holds: bool, message: &str) -> Condition {
        Condition {
            kind: "Odd",
            holds,
            reason: "Because",
            message: message.to_owned(),
        }
    }

    fn node(conditions: &serde_json::Value) -> Node {
        let node = json!({
            "metadata": { "name": "edge", "uid": "1" }, "status": { "conditions": conditions },
        });
        serde_json::from_value(node).expect("a node")
    }

    #[test]
    fn a_condition_is_written_only_when_it_says_something_else() {
        let (odd, even) = (condition(true, "odd"), condition(false, "even"));
        let said =
            |status, message| json!([{ "type": "Odd", "status": status, "message": message }]);
        // What the node says, what should be; the status and whether it is a transition, or nothing to do.
        for (present, wanted, expected) in [
            (json!([]), &even, Some(("False", true))),
            (json!([]), &odd, Some(("True", true))),
            (
                json!([{ "type": "Other", "status": "True" }]),
                &odd,
                Some(("True", true)),
            ),
            (said("False", "even"), &even, None),
            (said("True", "odd"), &odd, None),
            (said("True", "otherwise"), &odd, Some(("True", false))),
            (said("True", "odd"), &even, Some(("False", true))),
            (said("False", "even"), &odd, Some(("True", true))),
        ] {
            let patch = wanted.patch(&node(&present), Timestamp::UNIX_EPOCH);
            let found = patch.as_ref().map(|patch| {
                let condition = &patch["status"]["conditions"][0];
                let status = condition["status"].as_str().unwrap_or_default();
                (status, condition.get("lastTransitionTime").is_some())
            });
            assert_eq!(found, expected, "{present}");
        }
    }

    #[test]
    fn a_long_message_is_cut_once_and_is_not_written_again() {
        let long = condition(true, &"ä".repeat(2000));
        let patch = long.patch(&node(&json!([])), Timestamp::UNIX_EPOCH);
        let written = patch.expect("a patch")["status"]["conditions"].clone();
        assert_eq!(long.patch(&node(&written), Timestamp::UNIX_EPOCH), None);
        let short = shortened(&long.message);
        assert!(
            short.len() <= 1024 && short.ends_with('…'),
            "{}",
            short.len()
        );
    }

    #[test]
    fn an_event_is_in_its_objects_namespace_and_has_a_name_of_its_own() {
        let pod = ObjectReference {
            namespace: Some("shop".into()),
            name: Some("till".into()),
            ..ObjectReference::default()
        };
        let node = node_reference(&node(&json!([])));
        for (object, once, name, generated, namespace) in [
            (&pod, None, None, Some("till."), "shop"),
            (
                &node,
                Some("damaged-1"),
                Some("edge.damaged-1"),
                None,
                "default",
            ),
        ] {
            let warning = Warning {
                once: once.map(str::to_owned),
                reason: "Because",
                message: "why".to_owned(),
            };
            let event = warning.event(object, Timestamp::UNIX_EPOCH);
            assert_eq!(event.metadata.name.as_deref(), name);
            assert_eq!(event.metadata.generate_name.as_deref(), generated);
            assert_eq!(event.metadata.namespace.as_deref(), Some(namespace));
            assert_eq!(&event.involved_object, object);
        }
    }
}
