//! This node's object in the cluster: its labels and taints are kept as configured, what it says is reported, and what the
//! cluster should know of it is said there.

mod announced;
mod configuration;
mod drained;
mod hardware;
mod heartbeat;
mod labels;
mod last_boot;
mod last_resort;
mod leftover;
mod pod_network;
mod readiness;

use super::backoff::Backoff;
use super::context::Keeper;
use super::kube_error::{explain, explain_watch, is_expired};
use configuration::CONFIGURATION;
use futures_util::TryStreamExt;
use hardware::HARDWARE;
use k8s_openapi::api::core::v1::Node;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::watcher::{self, watch_object};
use kube::{Client, Error};
use last_boot::LAST_BOOT;
use last_resort::LAST_RESORT;
use std::fs;
use std::pin::pin;
use tracing::info;

const TOPIC: &str = "node";
const REGISTERED: &str = "the node to register";
/// Another at each boot.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";
const POD_NETWORK: &str = "the pod network";

/// Why following the node stopped.
enum Stopped {
    /// The API does not say how the node is.
    Watch(watcher::Error),
    /// The API does not take a change.
    Patch(Error),
}

/// Brings the node in line whenever it changes, and asks how it is in between.
pub(super) async fn follow(keeper: &Keeper, client: &Client) {
    tokio::join!(
        follow_changes(keeper, client),
        heartbeat::follow(keeper, client),
        Box::pin(CONFIGURATION.follow(keeper, client)),
        Box::pin(LAST_BOOT.follow(keeper, client)),
        Box::pin(LAST_RESORT.follow(keeper, client)),
        Box::pin(HARDWARE.follow(keeper, client)),
        leftover::tidy(keeper, client)
    );
}

async fn follow_changes(keeper: &Keeper, client: &Client) {
    let nodes: Api<Node> = Api::all(client.clone());
    let mut backoff = Backoff::new();
    keeper.report.waiting(REGISTERED);
    loop {
        let why = match until_error(keeper, &nodes, &mut backoff).await {
            Ok(()) => None,
            Err(Stopped::Watch(error)) if is_expired(&error) => None,
            Err(Stopped::Watch(error)) => Some(explain_watch(&error)),
            Err(Stopped::Patch(error)) => Some(explain(&error)),
        };
        if let Some(why) = why {
            let reason = format!("the API does not answer about this node: {why}");
            keeper.report.unanswered(reason);
        }
        // Then anew from the beginning: the API tells how the node is, whether or not it changed meanwhile.
        tokio::time::sleep(backoff.pause()).await;
    }
}

async fn until_error(
    keeper: &Keeper,
    nodes: &Api<Node>,
    backoff: &mut Backoff,
) -> Result<(), Stopped> {
    let mut states = pin!(watch_object(
        nodes.clone(),
        keeper.settings.node.name.as_str()
    ));
    let mut was_there = false;
    while let Some(state) = states.try_next().await.map_err(Stopped::Watch)? {
        match state {
            Some(node) => {
                was_there = true;
                bring_in_line(keeper, nodes, &node).await?;
            }
            None if was_there => {
                was_there = false;
                keeper.report.waiting(REGISTERED);
                let reason = "the node was removed from the cluster";
                keeper.report.ready(false, reason.into());
            }
            None => {}
        }
        backoff.reset();
    }
    Ok(())
}

async fn bring_in_line(keeper: &Keeper, nodes: &Api<Node>, node: &Node) -> Result<(), Stopped> {
    let report = &keeper.report;
    report.arrived(REGISTERED);
    let (ready, why) = readiness::readiness(node);
    report.ready(ready, why);
    match pod_network::of(node) {
        Some(pods) => {
            let problem = pod_network::set_up(keeper, pods)
                .err()
                .map(|error| format!("the pod network cannot be set up: {error}"));
            report.problems(POD_NETWORK, problem.into_iter().collect());
            report.arrived(POD_NETWORK);
        }
        None => report.waiting(POD_NETWORK),
    }
    let boot = fs::read_to_string(keeper.paths.at(BOOT)).unwrap_or_default();
    if let Some(patch) = drained::patch(node, boot.trim()) {
        apply(keeper, nodes, &Patch::Merge(&patch)).await?;
        info!("the node was drained for this boot, and takes pods again");
        // The node has changed: it comes again.
        return Ok(());
    }
    let problem = match labels::patch(node, &keeper.settings) {
        Some(patch) => apply(keeper, nodes, &Patch::Merge(&patch)).await?,
        None => None,
    };
    report.problems(TOPIC, problem.into_iter().collect());
    Ok(())
}

/// Gives what is wrong with the configured labels and taints, if the API refuses them.
async fn apply(
    keeper: &Keeper,
    nodes: &Api<Node>,
    patch: &Patch<&serde_json::Value>,
) -> Result<Option<String>, Stopped> {
    let name = keeper.settings.node.name.as_str();
    match nodes.patch(name, &PatchParams::default(), patch).await {
        Ok(_) => info!("labels and taints follow the configuration again"),
        // Somebody else changed the node; that change is on its way to us.
        Err(Error::Api(status)) if status.is_conflict() => {}
        Err(Error::Api(status)) => {
            return Ok(Some(format!(
                "labels and taints of the configuration are refused: {}",
                status.message
            )));
        }
        Err(error) => return Err(Stopped::Patch(error)),
    }
    Ok(None)
}
