//! Carries out steps; decides nothing.

use crate::facts::{Cordon, Drained};
use crate::plan::Step;
use crate::pods;
use crate::watch::Followed;
use k8s_openapi::api::core::v1::Node;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, Client, Error};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tracing::info;
use upgrade_crd::{CORDONED, GIVEN_BACK, NodeUpgrade, Upgrade, UpgradeStatus};

/// The name under which the controller owns fields of objects.
pub(crate) const MANAGER: &str = "holdfast-upgrade-controller";

/// Carries out one step. What is left of a drain is kept in `drains`.
///
/// # Errors
/// The API refused, or does not answer; the step can be tried again.
pub(crate) async fn carry_out(
    client: &Client,
    followed: &Followed,
    drains: &mut BTreeMap<String, Drained>,
    step: Step,
) -> Result<(), Error> {
    match step {
        Step::Ask { node, spec } => {
            info!(
                "node {node}: asked to {:?} {}",
                spec.want,
                spec.version.as_deref().unwrap_or("nothing")
            );
            let mut object = NodeUpgrade::new(&node, spec);
            object.metadata.owner_references =
                followed.uid(&node).map(|uid| vec![owner(&node, uid)]);
            let asked: Api<NodeUpgrade> = Api::all(client.clone());
            let params = PatchParams::apply(MANAGER).force();
            asked.patch(&node, &params, &Patch::Apply(&object)).await?;
        }
        Step::Cordon { node, cordon } => {
            info!("node {node}: cordoned for {}", cordon.upgrade);
            drains.remove(&node);
            change(client, &node, &cordoned(&cordon)).await?;
        }
        Step::Drain { node, drain, since } => {
            let left = pods::drain(client, &node, &drain, since).await?;
            drains.insert(node, left);
        }
        Step::Uncordon { node, stays } => {
            info!("node {node}: given back to its pods");
            drains.remove(&node);
            change(client, &node, &uncordoned(stays, None)).await?;
        }
        Step::Forget { node } => {
            info!("node {node}: nothing more is asked of it");
            let asked: Api<NodeUpgrade> = Api::all(client.clone());
            match asked.delete(&node, &DeleteParams::default()).await {
                Err(Error::Api(status)) if status.is_not_found() => {}
                done => drop(done?),
            }
        }
        Step::GiveBack {
            node,
            stays,
            given_back,
        } => {
            info!("node {node}: not drained: {}", given_back.why);
            drains.remove(&node);
            change(client, &node, &uncordoned(stays, Some(given_back.render()))).await?;
        }
    }
    Ok(())
}

/// Writes how an upgrade stands.
///
/// # Errors
/// The API refused, or does not answer.
pub(crate) async fn say(client: &Client, name: &str, status: &UpgradeStatus) -> Result<(), Error> {
    let upgrades: Api<Upgrade> = Api::all(client.clone());
    // Every field is written, so that one that has gone goes there as well.
    let mut status = json!(status);
    for field in ["version", "lastDone", "canariesDone", "waiting"] {
        status
            .as_object_mut()
            .map(|fields| fields.entry(field).or_insert(Value::Null));
    }
    let params = PatchParams::default();
    let patched = upgrades
        .patch_status(name, &params, &Patch::Merge(json!({ "status": status })))
        .await;
    match patched {
        // It was deleted meanwhile.
        Err(Error::Api(status)) if status.is_not_found() => Ok(()),
        patched => patched.map(drop),
    }
}

fn owner(
    node: &str,
    uid: String,
) -> k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference {
    k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference {
        api_version: "v1".to_owned(),
        kind: "Node".to_owned(),
        name: node.to_owned(),
        uid,
        ..Default::default()
    }
}

async fn change(client: &Client, node: &str, change: &Value) -> Result<(), Error> {
    let nodes: Api<Node> = Api::all(client.clone());
    let params = PatchParams::default();
    nodes.patch(node, &params, &Patch::Merge(change)).await?;
    Ok(())
}

fn cordoned(cordon: &Cordon) -> Value {
    json!({
        "metadata": { "annotations": { CORDONED: cordon.render(), GIVEN_BACK: null } },
        "spec": { "unschedulable": true },
    })
}

fn uncordoned(stays: bool, given_back: Option<String>) -> Value {
    let unschedulable = if stays {
        Value::Bool(true)
    } else {
        Value::Null
    };
    json!({
        "metadata": { "annotations": { CORDONED: null, GIVEN_BACK: given_back } },
        "spec": { "unschedulable": unschedulable },
    })
}
