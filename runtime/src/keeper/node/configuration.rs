//! Says in the cluster that the node runs by its last good configuration, because the one that was found is wrong: a condition of
//! the node, and an event each time that it begins or the reason changes.
//!
//! Nobody looks at a console in a cupboard; who looks after a fleet looks at its cluster.

use crate::keeper::backoff::Backoff;
use crate::keeper::context::{Keeper, MANAGER};
use crate::keeper::kube_error::explain;
use init_api::{Configured, Problem, load_if_present, paths};
use k8s_openapi::api::core::v1::{Node, NodeCondition, ObjectReference};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::{Client, Error};
use serde_json::{Value, json};
use std::time::Duration;

/// What its own trouble is reported under.
const TOPIC: &str = "configuration";
/// The condition's type.
const CONDITION: &str = "ConfigurationRejected";
/// The condition's and the event's reason.
const LAST_GOOD: &str = "LastGoodConfigurationInForce";
const IN_FORCE: &str = "ConfigurationInForce";
/// How often the record of the configuration is read: it is small, and only a person changes it.
const EVERY: Duration = Duration::from_secs(15);
/// An event's note has 1024 bytes at most (`events.k8s.io/v1`).
const LONGEST: usize = 1000;

/// What the condition should be.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    rejected: bool,
    message: String,
}

/// Keeps the condition right for as long as the keeper runs.
pub(super) async fn follow(keeper: &Keeper, client: &Client) {
    let nodes: Api<Node> = Api::all(client.clone());
    let mut backoff = Backoff::new();
    loop {
        let pause = match bring_in_line(keeper, client, &nodes).await {
            Ok(()) => {
                keeper.report.problems(TOPIC, Vec::new());
                backoff.reset();
                EVERY
            }
            // Not registered yet: it will be.
            Err(Error::Api(status)) if status.is_not_found() => EVERY,
            Err(error) => {
                let problem = format!(
                    "the cluster cannot be shown whether the configuration is in force: {}",
                    explain(&error)
                );
                keeper.report.problems(TOPIC, vec![problem]);
                backoff.pause()
            }
        };
        tokio::time::sleep(pause).await;
    }
}

async fn bring_in_line(keeper: &Keeper, client: &Client, nodes: &Api<Node>) -> Result<(), Error> {
    // While it is replaced, or when it cannot be read, what was said before stands.
    let Ok(Some(configured)) = load_if_present::<Configured>(keeper.paths.at(paths::CONFIGURED))
    else {
        return Ok(());
    };
    let wanted = wanted(configured.instead.as_ref());
    let name = keeper.settings.node.name.as_str();
    let node = nodes.get(name).await?;
    let Some(patch) = patch(condition(&node), &wanted, &Timestamp::now().to_string()) else {
        return Ok(());
    };
    if wanted.rejected {
        // The event first: the condition says that it was made.
        publish(client, &node, &wanted).await?;
    }
    let patch = Patch::Strategic(&patch);
    nodes
        .patch_status(name, &PatchParams::default(), &patch)
        .await
        .map(drop)
}

async fn publish(client: &Client, node: &Node, wanted: &Wanted) -> Result<(), Error> {
    let reporter = Reporter {
        controller: MANAGER.to_owned(),
        instance: node.metadata.name.clone(),
    };
    let about = ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("Node".to_owned()),
        name: node.metadata.name.clone(),
        uid: node.metadata.uid.clone(),
        ..ObjectReference::default()
    };
    let event = Event {
        type_: EventType::Warning,
        reason: LAST_GOOD.to_owned(),
        note: Some(wanted.message.clone()),
        action: "Configure".to_owned(),
        secondary: None,
    };
    Recorder::new(client.clone(), reporter)
        .publish(&event, &about)
        .await
}

fn wanted(instead: Option<&Problem>) -> Wanted {
    match instead {
        Some(problem) => Wanted {
            rejected: true,
            message: shortened(&format!(
                "{}\n{}\n{}",
                problem.title,
                problem.text.trim(),
                problem.cure
            )),
        },
        None => Wanted {
            rejected: false,
            message: "the configuration that was found is in force".to_owned(),
        },
    }
}

fn condition(node: &Node) -> Option<&NodeCondition> {
    let all = node.status.as_ref()?.conditions.as_ref()?;
    all.iter().find(|one| one.type_ == CONDITION)
}

/// The patch of the node's status that makes the condition what it should be; none if it is.
fn patch(present: Option<&NodeCondition>, wanted: &Wanted, now: &str) -> Option<Value> {
    let status = if wanted.rejected { "True" } else { "False" };
    let same_status = present.is_some_and(|present| present.status == status);
    let said = present.and_then(|present| present.message.as_deref());
    if same_status && said == Some(wanted.message.as_str()) {
        return None;
    }
    let mut condition = json!({
        "type": CONDITION,
        "status": status,
        "reason": if wanted.rejected { LAST_GOOD } else { IN_FORCE },
        "message": wanted.message,
        "lastHeartbeatTime": now,
    });
    if !same_status {
        condition["lastTransitionTime"] = json!(now);
    }
    Some(json!({ "status": { "conditions": [condition] } }))
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
    use super::*;

    fn problem() -> Problem {
        Problem::new(
            "The configuration is not right: /config/config.yaml:3",
            "error: unknown key `hostnam`\n",
            "Mend it.",
        )
    }

    fn present(status: &str, message: &str) -> NodeCondition {
        NodeCondition {
            type_: CONDITION.to_owned(),
            status: status.to_owned(),
            message: Some(message.to_owned()),
            ..NodeCondition::default()
        }
    }

    #[test]
    fn the_condition_follows_the_configuration() {
        let wrong = wanted(Some(&problem()));
        let right = wanted(None);
        let (said, other) = (wrong.message.as_str(), "something else");
        // What is there, what should be; the status and whether it is a transition, or nothing to do.
        let cases = [
            (None, &right, Some(("False", true))),
            (None, &wrong, Some(("True", true))),
            (Some(present("False", &right.message)), &right, None),
            (Some(present("True", said)), &wrong, None),
            (Some(present("True", other)), &wrong, Some(("True", false))),
            (Some(present("True", said)), &right, Some(("False", true))),
            (
                Some(present("False", &right.message)),
                &wrong,
                Some(("True", true)),
            ),
        ];
        for (present, wanted, expected) in cases {
            let patch = patch(present.as_ref(), wanted, "2026-01-01T00:00:00Z");
            let found = patch.as_ref().map(|patch| {
                let condition = &patch["status"]["conditions"][0];
                let status = condition["status"].as_str().unwrap_or_default();
                (status, condition.get("lastTransitionTime").is_some())
            });
            assert_eq!(found, expected, "{present:?}");
        }
    }

    #[test]
    fn the_message_has_place_reason_and_cure_and_fits_an_event() {
        let message = wanted(Some(&problem())).message;
        assert_eq!(
            message,
            "The configuration is not right: /config/config.yaml:3\nerror: unknown key `hostnam`\nMend it."
        );
        let long = Problem::new("ä".repeat(2000), "", "");
        let message = wanted(Some(&long)).message;
        assert!(
            message.len() <= 1024 && message.ends_with('…'),
            "{}",
            message.len()
        );
    }
}
