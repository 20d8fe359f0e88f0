//! A release that failed on this node, said on the node: nobody looks at the console in a cupboard.

use super::agent::Agent;
use crate::keeper::tell::Condition;
use k8s_openapi::api::core::v1::Node;
use kube::api::Api;
use kube::{Client, Error};
use std::time::{Duration, Instant};
use upgrade_api::{Event, Happened, Record};

/// The condition's type.
const CONDITION: &str = "UpgradeFailed";
/// The condition's and the event's reasons.
const WENT_BACK: &str = "ReleaseWentBack";
const AS_WANTED: &str = "NoReleaseWentBack";
/// Somebody may have taken the condition away, with the node or alone; nobody tells of it here.
const AGAIN: Duration = Duration::from_secs(600);

/// What was said, and when.
#[derive(Default)]
pub(super) struct Said(Option<(Condition, Instant)>);

/// Keeps the condition right, and makes an event of each release that went back.
///
/// # Errors
/// The API does not take it.
pub(super) async fn say(
    client: &Client,
    name: &str,
    agent: &Agent,
    said: &mut Said,
) -> Result<(), Error> {
    let Some(report) = agent.report() else {
        return Ok(());
    };
    let condition = condition(&report.record);
    if let Some((last, at)) = &said.0
        && *last == condition
        && at.elapsed() < AGAIN
    {
        return Ok(());
    }
    let nodes: Api<Node> = Api::all(client.clone());
    let node = match nodes.get(name).await {
        Ok(node) => node,
        // Not registered yet: it will be.
        Err(Error::Api(status)) if status.is_not_found() => return Ok(()),
        Err(error) => return Err(error),
    };
    condition.announce(client, &node).await?;
    said.0 = Some((condition, Instant::now()));
    Ok(())
}

/// The last release that was tried to the end, if it did not stay. One that is only staged has proved nothing.
fn went_back(record: &Record) -> Option<&Event> {
    let mut events = record.events.iter().rev();
    let last = events.find(|event| matches!(event.what, Happened::Failed | Happened::Committed));
    last.filter(|event| event.what == Happened::Failed)
}

fn condition(record: &Record) -> Condition {
    let (holds, reason, message) = match went_back(record) {
        Some(event) => {
            let why = event.details.join("; ");
            let message = format!(
                "release {} was tried and did not stay: {why}",
                event.version
            );
            (true, WENT_BACK, message)
        }
        None => (
            false,
            AS_WANTED,
            "the last release that was tried stayed".to_owned(),
        ),
    };
    Condition {
        kind: CONDITION,
        holds,
        reason,
        message,
    }
}

#[cfg(test)]
mod tests {
    use super::condition;
    use upgrade_api::{Event, Happened, Record};

    #[test]
    fn the_last_thing_that_happened_counts() {
        let event = |what| Event {
            at_s: 1,
            version: "0.2.0".into(),
            what,
            details: vec![
                "it was started 3 times".into(),
                "and never confirmed".into(),
            ],
        };
        let mut record = Record::default();
        assert!(!condition(&record).holds);
        record.add(event(Happened::Failed));
        let failed = condition(&record);
        assert!(failed.holds);
        assert_eq!(
            failed.message,
            "release 0.2.0 was tried and did not stay: it was started 3 times; and never confirmed"
        );
        record.add(event(Happened::Staged));
        assert!(
            condition(&record).holds,
            "the next one has proved nothing yet"
        );
        record.add(event(Happened::Committed));
        assert!(!condition(&record).holds);
    }
}
