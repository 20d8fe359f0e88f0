//! Upgrades of this node that the cluster asks for: what the node's `NodeUpgrade` wants is asked of the upgrader, and what the
//! upgrader says is written there. A release that failed here stands on the node itself, as a condition and an event.
//!
//! The upgrader, not the keeper, decides what is done: it takes signed releases alone.

mod agent;
mod controller;
mod failed;
mod state;
mod step;

use super::backoff::Backoff;
use super::context::Keeper;
use super::kube_error::{explain, explain_watch};
use agent::Agent;
use futures_util::StreamExt;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::watcher::{self, watch_object};
use kube::{Client, Error};
use serde_json::{Value, json};
use state::{Asked, state};
use std::pin::pin;
use std::time::Duration;
use step::Step;
use tokio::time::sleep;
use tracing::info;
use upgrade_crd::{NodePhase, NodeUpgrade, NodeUpgradeStatus};

const TOPIC: &str = "upgrade";
/// How often the upgrader is asked while it does something, and while it does not.
const BUSY: Duration = Duration::from_secs(3);
const QUIET: Duration = Duration::from_secs(60);

/// Works for as long as the keeper does.
pub(super) async fn follow(keeper: &Keeper, client: &Client) {
    tokio::join!(relay(keeper, client), controller::follow(keeper, client));
}

async fn relay(keeper: &Keeper, client: &Client) {
    let mut backoff = Backoff::new();
    let mut agent = Agent::new(&keeper.paths);
    loop {
        let problem = match until_error(keeper, client, &mut agent, &mut backoff).await {
            // The first minutes of a cluster that does not know the kind yet.
            Err(Failed::Watch(error)) if is_unknown(&error) => None,
            Err(Failed::Watch(error)) => Some(explain_watch(&error)),
            Err(Failed::Api(error)) => Some(explain(&error)),
            Ok(()) => None,
        };
        let problem = problem
            .map(|why| format!("the cluster cannot be told how this node's upgrades stand: {why}"));
        keeper.report.problems(TOPIC, problem.into_iter().collect());
        sleep(backoff.pause()).await;
    }
}

enum Failed {
    Watch(watcher::Error),
    Api(Error),
}

fn is_unknown(error: &watcher::Error) -> bool {
    matches!(
        error,
        watcher::Error::InitialListFailed(Error::Api(status)) | watcher::Error::WatchStartFailed(Error::Api(status))
            if status.code == 404
    )
}

async fn until_error(
    keeper: &Keeper,
    client: &Client,
    agent: &mut Agent,
    backoff: &mut Backoff,
) -> Result<(), Failed> {
    let name = keeper.settings.node.name.as_str();
    let all: Api<NodeUpgrade> = Api::all(client.clone());
    let mut changes = pin!(watch_object(all.clone(), name));
    let mut object = None;
    let mut said = failed::Said::default();
    loop {
        let pause = if agent.is_busy() { BUSY } else { QUIET };
        tokio::select! {
            change = changes.next() => match change {
                Some(change) => object = change.map_err(Failed::Watch)?,
                None => return Ok(()),
            },
            () = agent.changed() => {}
            () = sleep(pause) => {}
        }
        keeper.report.problems(TOPIC, Vec::new());
        agent.ask_status().await;
        failed::say(client, name, agent, &mut said)
            .await
            .map_err(Failed::Api)?;
        if let Some(object) = &mut object {
            object.status = Some(go_on(&all, object, agent).await.map_err(Failed::Api)?);
        }
        backoff.reset();
    }
}

/// Says how it stands, and takes the next step; gives what was said.
async fn go_on(
    all: &Api<NodeUpgrade>,
    object: &NodeUpgrade,
    agent: &mut Agent,
) -> Result<NodeUpgradeStatus, Error> {
    let before = object.status.clone().unwrap_or_default();
    let asked = Asked {
        spec: &object.spec,
        generation: object.metadata.generation.unwrap_or_default(),
        before: &before,
    };
    let Some(facts) = agent.facts(&asked) else {
        return Ok(before);
    };
    let next = step::next(&asked, &facts);
    let mut status = state(&asked, &facts);
    if let Step::Activate { .. } = next {
        // Said first: the machine may be gone the moment after.
        status.retried = object.spec.retry;
        status.phase = NodePhase::Restarting;
    }
    let status = write(all, object, &before, status).await?;
    agent.take(next, asked.generation);
    Ok(status)
}

/// Writes what is new.
async fn write(
    all: &Api<NodeUpgrade>,
    object: &NodeUpgrade,
    before: &NodeUpgradeStatus,
    mut status: NodeUpgradeStatus,
) -> Result<NodeUpgradeStatus, Error> {
    status.seen.clone_from(&before.seen);
    if status == *before {
        return Ok(status);
    }
    status.seen = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(
        Timestamp::now(),
    ));
    if status.phase != before.phase {
        info!("{:?}: {}", status.phase, status.message);
    }
    // Every field is written, so that one that has gone goes there as well.
    let mut fields = json!(status);
    for field in ["progress", "staged", "stagedKubernetes", "offer", "failed"] {
        fields
            .as_object_mut()
            .map(|fields| fields.entry(field).or_insert(Value::Null));
    }
    let name = object.metadata.name.as_deref().unwrap_or_default();
    let patch = Patch::Merge(json!({ "status": fields }));
    match all
        .patch_status(name, &PatchParams::default(), &patch)
        .await
    {
        // It was deleted meanwhile.
        Err(Error::Api(status)) if status.is_not_found() => {}
        done => drop(done?),
    }
    Ok(status)
}
