//! Pods that ended with the machine. The kubelet calls them failed, and they would stay so.
//!
//! A pod of a ReplicaSet has been replaced by another; what is left of it is removed, or each shutdown would leave one more. A
//! pod that nobody made again is made again: it ran before the shutdown, and nobody but the shutdown ended it. Pods of other
//! controllers are those controllers' to keep. A power cut between the removal of such a pod and its successor loses it; the
//! two requests follow each other at once.

use super::super::backoff::Backoff;
use super::super::context::Keeper;
use super::super::kube_error::explain;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::{Api, DeleteParams, ListParams, PostParams, Preconditions};
use kube::{Client, Error};
use tracing::{info, warn};

/// What the kubelet says of a pod that it ended with the machine, and of one that came while it did.
const REASONS: [&str; 2] = ["Terminated", "NodeShutdown"];
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

/// Looks through this node's failed pods once, as often as it takes.
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
    let selector = format!("spec.nodeName={node},status.phase=Failed");
    let all: Api<Pod> = Api::all(client.clone());
    for pod in all.list(&ListParams::default().fields(&selector)).await? {
        let namespace = pod.metadata.namespace.clone().unwrap_or_default();
        let pods: Api<Pod> = Api::namespaced(client.clone(), &namespace);
        match fate(&pod) {
            Fate::Left => {}
            Fate::Removed => remove(&pods, &pod).await?,
            Fate::MadeAnew(anew) => make_anew(&pods, &pod, &anew).await?,
        }
    }
    Ok(())
}

fn fate(pod: &Pod) -> Fate {
    let reason = pod
        .status
        .as_ref()
        .and_then(|status| status.reason.as_deref());
    if !reason.is_some_and(|reason| REASONS.contains(&reason)) || is_mirror(pod) {
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
    if let Err(Error::Api(status)) = pods.create(&dry, &rehearsal).await {
        warn!(
            "pod {name} ended with the machine and cannot be made anew: {}",
            status.message
        );
        return Ok(());
    }
    remove(pods, pod).await?;
    pods.create(&PostParams::default(), anew).await?;
    info!("pod {name}, which ended with the machine, runs again");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Fate, fate};
    use k8s_openapi::api::core::v1::Pod;
    use serde_json::json;

    fn pod(reason: &str, policy: &str, owners: &[&str]) -> Pod {
        let owner = |kind: &&str| json!({"apiVersion": "v1", "kind": kind, "name": "o", "uid": "u", "controller": true});
        let value = json!({
            "metadata": {
                "name": "p", "namespace": "n", "uid": "1", "resourceVersion": "7", "labels": {"app": "x"},
                "ownerReferences": owners.iter().map(owner).collect::<Vec<_>>(),
            },
            "spec": {"nodeName": "edge", "restartPolicy": policy, "containers": []},
            "status": {"phase": "Failed", "reason": reason},
        });
        serde_json::from_value(value).expect("a pod")
    }

    #[test]
    fn what_nobody_replaces_runs_again_and_what_was_replaced_goes() {
        for (case, pod, expected) in [
            (
                "replaced",
                pod("Terminated", "Always", &["ReplicaSet"]),
                "removed",
            ),
            (
                "refused meanwhile",
                pod("NodeShutdown", "Always", &["ReplicaSet"]),
                "removed",
            ),
            (
                "a controller's own",
                pod("Terminated", "Always", &["StatefulSet"]),
                "left",
            ),
            ("a Job's", pod("Terminated", "Never", &["Job"]), "left"),
            ("nobody's", pod("Terminated", "Always", &[]), "made anew"),
            (
                "nobody's, to run once",
                pod("Terminated", "Never", &[]),
                "left",
            ),
            ("evicted", pod("Evicted", "Always", &["ReplicaSet"]), "left"),
            ("failed by itself", pod("", "Always", &[]), "left"),
        ] {
            let fate = match fate(&pod) {
                Fate::Left => "left",
                Fate::Removed => "removed",
                Fate::MadeAnew(_) => "made anew",
            };
            assert_eq!(fate, expected, "{case}");
        }
    }

    #[test]
    fn it_is_the_same_pod_on_the_same_node_and_has_not_run() {
        let Fate::MadeAnew(anew) = fate(&pod("Terminated", "Always", &[])) else {
            panic!("it is nobody's")
        };
        let expected = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "p", "namespace": "n", "labels": {"app": "x"}},
            "spec": {"nodeName": "edge", "restartPolicy": "Always", "containers": []},
        });
        assert_eq!(serde_json::to_value(anew).expect("JSON"), expected);
    }

    #[test]
    fn what_cannot_be_removed_at_once_is_left() {
        let mut held = pod("Terminated", "Always", &[]);
        held.metadata.finalizers = Some(vec!["x.example/y".into()]);
        assert_eq!(fate(&held), Fate::Left);
        let mut mirror = pod("Terminated", "Always", &[]);
        mirror.metadata.annotations =
            Some([("kubernetes.io/config.mirror".into(), "h".into())].into());
        assert_eq!(fate(&mirror), Fate::Left);
    }
}
