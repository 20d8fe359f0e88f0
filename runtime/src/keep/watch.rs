//! Following this node's object.

use super::apply::words;
use super::{Backoff, Keeper, node};
use crate::file::{self, PlannedFile};
use crate::plan::{PodNetwork, cni_file};
use futures_util::TryStreamExt;
use k8s_openapi::api::core::v1::Node;
use kube::api::{Api, Patch, PatchParams, WatchEvent, WatchParams};
use kube::{Client, Error};
use std::fs;
use tracing::info;

const TOPIC: &str = "node";
const REGISTERED: &str = "the node to register";
const POD_NETWORK: &str = "the pod network";
/// What vxlan adds to a packet.
const TUNNEL: u32 = 50;
const USUAL_MTU: u32 = 1500;

/// Looks at the node whenever it changes, and mends.
pub(super) async fn follow_node(keeper: &Keeper, client: &Client) {
    let nodes: Api<Node> = Api::all(client.clone());
    let mut backoff = Backoff::new();
    keeper.report.waiting(REGISTERED);
    loop {
        match follow(keeper, &nodes).await {
            Ok(()) => backoff.reset(),
            Err(error) => {
                keeper.report.unanswered(format!(
                    "the API does not answer about this node: {}",
                    words(&error)
                ));
                tokio::time::sleep(backoff.pause()).await;
            }
        }
    }
}

/// Follows until the API ends the watch, which it does every few minutes.
async fn follow(keeper: &Keeper, nodes: &Api<Node>) -> Result<(), Error> {
    let params =
        WatchParams::default().fields(&format!("metadata.name={}", keeper.settings.node.name));
    // From "0" on, the watch begins with the node as it is now.
    let events = nodes.watch(&params, "0").await?;
    let mut events = std::pin::pin!(events);
    while let Some(event) = events.try_next().await? {
        match event {
            WatchEvent::Added(node) | WatchEvent::Modified(node) => {
                look(keeper, nodes, &node).await?
            }
            WatchEvent::Deleted(_) => {
                keeper.report.waiting(REGISTERED);
                keeper
                    .report
                    .ready(false, "the node was removed from the cluster".into());
            }
            WatchEvent::Bookmark(_) => {}
            WatchEvent::Error(status) => return Err(Error::Api(status)),
        }
    }
    Ok(())
}

async fn look(keeper: &Keeper, nodes: &Api<Node>, node: &Node) -> Result<(), Error> {
    let report = &keeper.report;
    report.arrived(REGISTERED);
    let (ready, why) = node::readiness(node);
    report.ready(ready, why);
    match node
        .spec
        .as_ref()
        .and_then(|s| s.pod_cidr.as_deref())
        .map(str::parse)
    {
        Some(Ok(pods)) => {
            let mtu = mtu(keeper);
            let known = keep_pod_network(keeper, PodNetwork { pods, mtu });
            let problem = known
                .err()
                .map(|error| format!("the pod network cannot be set up: {error}"));
            report.problems(POD_NETWORK, problem.into_iter().collect());
            report.arrived(POD_NETWORK);
        }
        _ => report.waiting(POD_NETWORK),
    }
    if let Some(patch) = node::patch(node, &keeper.settings) {
        match nodes
            .patch(
                keeper.settings.node.name.as_str(),
                &PatchParams::default(),
                &Patch::Merge(&patch),
            )
            .await
        {
            Ok(_) => info!("labels and taints follow the configuration again"),
            // Somebody else changed the node; that change is on its way to us.
            Err(Error::Api(status)) if status.is_conflict() => {}
            Err(Error::Api(status)) => {
                let problem = format!(
                    "labels and taints of the configuration are refused: {}",
                    status.message
                );
                report.problems(TOPIC, vec![problem]);
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
    report.problems(TOPIC, Vec::new());
    Ok(())
}

/// Writes the plugin's configuration, and keeps the network for the next boot.
fn keep_pod_network(keeper: &Keeper, network: PodNetwork) -> Result<(), file::FileError> {
    let text = serde_json::to_string(&network).expect("a network becomes JSON") + "\n";
    let kept = PlannedFile::new(keeper.paths.pod_network(), 0o600, text);
    file::write_lasting_if_changed(&kept)?;
    if file::write_if_changed(&cni_file(network, &keeper.paths))? {
        info!("pods of this node are in {}", network.pods);
    }
    Ok(())
}

/// What fits into a packet inside the tunnel, going by the interface with the node's address.
fn mtu(keeper: &Keeper) -> u32 {
    let address = super::prepared_address(&keeper.paths).ok();
    let name = address.and_then(crate::address::interface_of);
    let underlay = name.and_then(|name| {
        let path = keeper.paths.at("/sys/class/net").join(name).join("mtu");
        fs::read_to_string(path).ok()?.trim().parse::<u32>().ok()
    });
    underlay.unwrap_or(USUAL_MTU).clamp(576, 9000) - TUNNEL
}
