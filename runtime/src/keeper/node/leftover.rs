//! Pods that ended with the machine. The kubelet calls them failed, or succeeded when their programs ended with 0, and they would
//! stay so.
//!
//! A pod of a ReplicaSet has been replaced by another; what is left of it is removed, or each shutdown would leave one more. A
//! pod that nobody made again is made again: it ran before the shutdown, and nobody but the shutdown ended it. Pods of other
//! controllers are those controllers' to keep. A keeper that ends between the removal of such a pod and its successor loses it;
//! the two requests follow each other at once, and the second is repeated until it is answered.

mod again;

use super::super::backoff::Backoff;
use super::super::context::Keeper;
use super::super::kube_error::explain;
use again::{Made, is_final, until_answered};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::{Api, DeleteParams, ListParams, PostParams, Preconditions};
use kube::{Client, Error};
use tracing::{info, warn};

/// The reasons of a pod that the kubelet ended with the machine, and of one that came while it did.
const REASONS: [&str; 2] = ["Terminated", "NodeShutdown"];
/// What the kubelet says of a pod that it ended with the machine, whatever the pod's programs made of it (`nodeShutdownMessage`
/// in `pkg/kubelet/nodeshutdown`).
const DISRUPTION: &str = "Pod was terminated in response to imminent node shutdown.";
/// How a pod says that it stands for a file of the kubelet's.
const MIRROR: &str = "kubernetes.io/config.mirror";

/// What becomes of a pod that ended with the machine.
#[derive(Debug, PartialEq)]
enum Fate {
    /// Others see to it.
    Left,
    /// It has been replaced.
    Removed,
    /// It runs again, as this.
    MadeAnew(Box<Pod>),
}

/// Looks through this node's pods that have ended, once, as often as it takes.
pub(super) async fn tidy(keeper: &Keeper, client: &Client) {
    let mut backoff = Backoff::new();
    while let Err(error) = once(keeper, client).await {
        warn!(
            "cannot look after the pods that ended with the machine: {}",
            explain(&error)
        );
        tokio::time::sleep(backoff.pause()).await;
    }
}

async fn once(keeper: &Keeper, client: &Client) -> Result<(), Error> {
    let node = &keeper.settings.node.name;
    let selector = format!("spec.nodeName={node},status.phase!=Running,status.phase!=Pending");
    let all: Api<Pod> = Api::all(client.clone());
    let mut all_done = Ok(());
    for pod in all.list(&ListParams::default().fields(&selector)).await? {
        let namespace = pod.metadata.namespace.clone().unwrap_or_default();
        let pods: Api<Pod> = Api::namespaced(client.clone(), &namespace);
        let done = match fate(&pod) {
            Fate::Left => Ok(()),
            Fate::Removed => remove(&pods, &pod).await,
            Fate::MadeAnew(anew) => make_anew(&pods, &pod, &anew).await,
        };
        // One that has to wait does not hold up the others.
        all_done = all_done.and(done);
    }
    all_done
}

fn fate(pod: &Pod) -> Fate {
    if !ended_with_the_machine(pod) || is_mirror(pod) {
        return Fate::Left;
    }
    let owners = pod.metadata.owner_references.as_deref().unwrap_or_default();
    let replaces = |owner: &OwnerReference| {
        owner.controller == Some(true)
            && ["ReplicaSet", "ReplicationController"].contains(&owner.kind.as_str())
    };
    let always = |pod: &Pod| {
        let policy = pod
            .spec
            .as_ref()
            .and_then(|spec| spec.restart_policy.as_deref());
        policy.is_none_or(|policy| policy == "Always")
    };
    if owners.iter().any(replaces) {
        Fate::Removed
    } else if owners.is_empty() && always(pod) && name_is_free_at_once(pod) {
        Fate::MadeAnew(Box::new(anew(pod)))
    } else {
        Fate::Left
    }
}

fn ended_with_the_machine(pod: &Pod) -> bool {
    let Some(status) = &pod.status else {
        return false;
    };
    let ended = status
        .phase
        .as_deref()
        .is_some_and(|phase| ["Failed", "Succeeded"].contains(&phase));
    let reason = status.reason.as_deref();
    let conditions = status.conditions.iter().flatten();
    let disrupted = conditions
        .filter(|one| one.type_ == "DisruptionTarget" && one.status == "True")
        .any(|one| one.message.as_deref() == Some(DISRUPTION));
    ended && (disrupted || reason.is_some_and(|reason| REASONS.contains(&reason)))
}

/// Whether the API forgets a pod as soon as it is removed: its successor has its name.
fn name_is_free_at_once(pod: &Pod) -> bool {
    let finalizers = pod.metadata.finalizers.as_deref();
    pod.metadata.deletion_timestamp.is_none() && finalizers.unwrap_or_default().is_empty()
}

fn is_mirror(pod: &Pod) -> bool {
    let annotations = pod.metadata.annotations.as_ref();
    annotations.is_some_and(|all| all.contains_key(MIRROR))
}

/// The same pod, on the same node, that has not run yet.
fn anew(pod: &Pod) -> Pod {
    let ObjectMeta {
        name,
        namespace,
        labels,
        annotations,
        ..
    } = pod.metadata.clone();
    Pod {
        metadata: ObjectMeta {
            name,
            namespace,
            labels,
            annotations,
            ..ObjectMeta::default()
        },
        spec: pod.spec.clone(),
        status: None,
    }
}

async fn remove(pods: &Api<Pod>, pod: &Pod) -> Result<(), Error> {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    // This very pod, not one that has its name by now.
    let params = DeleteParams {
        grace_period_seconds: Some(0),
        preconditions: Some(Preconditions {
            uid: pod.metadata.uid.clone(),
            ..Preconditions::default()
        }),
        ..DeleteParams::default()
    };
    match pods.delete(name, &params).await {
        Err(Error::Api(status)) if status.is_not_found() || status.is_conflict() => Ok(()),
        done => done.map(|_| ()),
    }
}

/// Whether it can be made is asked first: what is removed and cannot be made again would be lost.
async fn make_anew(pods: &Api<Pod>, pod: &Pod, anew: &Pod) -> Result<(), Error> {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let rehearsal = Pod {
        metadata: ObjectMeta {
            name: None,
            generate_name: Some("holdfast-".into()),
            ..anew.metadata.clone()
        },
        ..anew.clone()
    };
    let dry = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    match pods.create(&dry, &rehearsal).await {
        Err(error) if is_final(&error) => {
            let why = explain(&error);
            warn!("pod {name} ended with the machine and cannot be made anew: {why}");
            return Ok(());
        }
        // It is still there, and tried again with all others.
        done => done?,
    };
    remove(pods, pod).await?;
    let as_planned = PostParams::default();
    match until_answered(name, async || pods.create(&as_planned, anew).await).await {
        Made::Now => info!("pod {name}, which ended with the machine, runs again"),
        Made::Before => info!("pod {name}, which ended with the machine, is there again"),
        Made::Never(why) => {
            let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
            warn!(
                "pod {namespace}/{name} ended with the machine, was removed to be made anew, and is lost: the API refuses it \
                 now: {why}; apply it again"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
