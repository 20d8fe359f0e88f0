//! Asking the API every few seconds whether the node is Ready. A watch that brings nothing may be one of a quiet node, or one
//! that nobody serves any more; only an answer tells which, and it goes through to the datastore.

use super::readiness::readiness;
use crate::keeper::context::Keeper;
use k8s_openapi::api::core::v1::Node;
use kube::{Api, Client};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tracing::debug;

/// Whoever reads the report takes an answer for old after 24 s (`init_api::NodeState::standing`).
const EVERY: Duration = Duration::from_secs(10);
/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks for as long as the keeper runs.
pub(super) async fn follow(keeper: &Keeper, client: &Client) {
    let nodes: Api<Node> = Api::all(client.clone());
    let name = keeper.settings.node.name.as_str();
    loop {
        match timeout(PATIENCE, nodes.get(name)).await {
            Ok(Ok(node)) => {
                let (ready, why) = readiness(&node);
                keeper.report.ready(ready, why);
            }
            // What was known before gets older in the report, and that is seen.
            Ok(Err(error)) => debug!("no answer about the node: {error}"),
            Err(_) => debug!("no answer about the node within {} s", PATIENCE.as_secs()),
        }
        sleep(EVERY).await;
    }
}
