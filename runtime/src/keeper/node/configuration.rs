//! Says in the cluster that the node runs by its last good configuration, because the one that was found is wrong: a condition of
//! the node, and an event each time that it begins or the reason changes.
//!
//! Nobody looks at a console in a cupboard; who looks after a fleet looks at its cluster.

use crate::keeper::backoff::Backoff;
use crate::keeper::context::Keeper;
use crate::keeper::folder::{self, Folder};
use crate::keeper::kube_error::explain;
use crate::keeper::tell::Condition;
use init_api::{Configured, Problem, load_if_present, paths};
use k8s_openapi::api::core::v1::Node;
use kube::api::Api;
use kube::{Client, Error};
use std::time::Duration;
use tokio::time::sleep;

/// What its own trouble is reported under.
const TOPIC: &str = "configuration";
/// The condition's type.
const CONDITION: &str = "ConfigurationRejected";
/// The condition's and the event's reason.
const LAST_GOOD: &str = "LastGoodConfigurationInForce";
const IN_FORCE: &str = "ConfigurationInForce";
/// Somebody may have taken the condition away, with the node or alone; nobody tells of it here.
const AGAIN: Duration = Duration::from_secs(600);

/// Keeps the condition right for as long as the keeper runs.
pub(super) async fn follow(keeper: &Keeper, client: &Client) {
    let nodes: Api<Node> = Api::all(client.clone());
    let mut backoff = Backoff::new();
    let mut record = Folder::watch_file(&keeper.paths.at(paths::CONFIGURED)).ok();
    loop {
        let pause = match bring_in_line(keeper, client, &nodes).await {
            Ok(()) => {
                keeper.report.problems(TOPIC, Vec::new());
                backoff.reset();
                AGAIN
            }
            // Not registered yet: it will be.
            Err(Error::Api(status)) if status.is_not_found() => backoff.pause(),
            Err(error) => {
                let problem = format!(
                    "the cluster cannot be shown whether the configuration is in force: {}",
                    explain(&error)
                );
                keeper.report.problems(TOPIC, vec![problem]);
                backoff.pause()
            }
        };
        tokio::select! {
            () = folder::changed(&mut record) => {}
            () = sleep(pause) => {}
        }
    }
}

async fn bring_in_line(keeper: &Keeper, client: &Client, nodes: &Api<Node>) -> Result<(), Error> {
    // While it is replaced, or when it cannot be read, what was said before stands.
    let Ok(Some(configured)) = load_if_present::<Configured>(keeper.paths.at(paths::CONFIGURED))
    else {
        return Ok(());
    };
    let condition = condition(configured.instead.as_ref());
    let node = nodes.get(keeper.settings.node.name.as_str()).await?;
    condition.announce(client, &node).await
}

fn condition(instead: Option<&Problem>) -> Condition {
    let (holds, reason, message) = match instead {
        Some(problem) => {
            let (title, text, cure) = (&problem.title, problem.text.trim(), &problem.cure);
            (true, LAST_GOOD, format!("{title}\n{text}\n{cure}"))
        }
        None => {
            let message = "the configuration that was found is in force";
            (false, IN_FORCE, message.to_owned())
        }
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
    use super::{Problem, condition};

    #[test]
    fn the_message_has_place_reason_and_cure() {
        let problem = Problem::new(
            "The configuration is not right: /config/config.yaml:3",
            "error: unknown key `hostnam`\n",
            "Mend it.",
        );
        let wrong = condition(Some(&problem));
        assert_eq!(
            wrong.message,
            "The configuration is not right: /config/config.yaml:3\nerror: unknown key `hostnam`\nMend it."
        );
        assert!(wrong.holds && !condition(None).holds);
    }
}
