//! Moving pods away from a node, as `kubectl drain` does it.

use crate::facts::Drained;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, EvictParams, ListParams};
use kube::core::{Selector, SelectorExt};
use kube::{Api, Client, Error, ResourceExt};
use upgrade_crd::Drain;

/// The annotation of a pod that the kubelet makes from a file of its own.
const MIRROR: &str = "kubernetes.io/config.mirror";

/// What becomes of a pod when its node is drained.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    /// It stays, and that is right.
    Stays,
    /// It goes.
    Goes,
    /// It has to go and cannot, as the resource is written.
    Kept(&'static str),
}

/// Evicts what has to go; gives what is left.
///
/// # Errors
/// The pods cannot be listed, or the API does not answer.
pub(crate) async fn drain(
    client: &Client,
    node: &str,
    drain: &Drain,
    since: Timestamp,
) -> Result<Drained, Error> {
    let all: Api<Pod> = Api::all(client.clone());
    let on_node = ListParams::default().fields(&format!("spec.nodeName={node}"));
    let mut drained = Drained {
        at: Timestamp::now(),
        ..Drained::default()
    };
    for pod in all.list(&on_node).await? {
        let place = format!("{}/{}", pod.namespace().unwrap_or_default(), pod.name_any());
        match fate(&pod, drain, since) {
            Fate::Stays => {}
            Fate::Kept(why) => {
                drained.left += 1;
                drained.kept_by.push(format!("{place} {why}"));
            }
            Fate::Goes => {
                drained.left += 1;
                drained
                    .kept_by
                    .extend(evict(client, &pod, &place, drain).await?);
            }
        }
    }
    // Pods of one budget give the same reason.
    drained.kept_by.sort();
    drained.kept_by.dedup();
    drained.kept_by.truncate(5);
    Ok(drained)
}

/// Asks for a pod to be evicted; gives what forbids it now, if something does.
async fn evict(
    client: &Client,
    pod: &Pod,
    place: &str,
    drain: &Drain,
) -> Result<Option<String>, Error> {
    if pod.metadata.deletion_timestamp.is_some() {
        return Ok(None);
    }
    let pods: Api<Pod> = Api::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
    let params = EvictParams {
        delete_options: Some(DeleteParams {
            grace_period_seconds: u32::try_from(drain.grace_period_seconds).ok(),
            ..DeleteParams::default()
        }),
        ..EvictParams::default()
    };
    match pods.evict(&pod.name_any(), &params).await {
        Ok(_) => Ok(None),
        Err(Error::Api(status)) if status.is_not_found() => Ok(None),
        Err(Error::Api(status)) if status.code == 429 => {
            let causes = status.details.iter().flat_map(|details| &details.causes);
            let causes: Vec<&str> = causes.map(|cause| cause.message.as_str()).collect();
            let why = if causes.is_empty() {
                status.message.clone()
            } else {
                causes.join(", ")
            };
            Ok(Some(format!("{place}: {why}")))
        }
        // Two budgets for one pod, or a webhook: others can go all the same.
        Err(Error::Api(status)) => Ok(Some(format!("{place}: {}", status.message))),
        Err(error) => Err(error),
    }
}

fn fate(pod: &Pod, drain: &Drain, since: Timestamp) -> Fate {
    let owners = pod.owner_references();
    let phase = pod
        .status
        .as_ref()
        .and_then(|status| status.phase.as_deref());
    if pod.annotations().contains_key(MIRROR)
        || owners.iter().any(|owner| owner.kind == "DaemonSet")
        || matches!(phase, Some("Succeeded" | "Failed"))
        || !selected(pod, drain)
        || came_back(pod, since)
    {
        return Fate::Stays;
    }
    let volumes = pod
        .spec
        .iter()
        .flat_map(|spec| spec.volumes.iter().flatten());
    if !drain.delete_empty_dir_data && volumes.into_iter().any(|volume| volume.empty_dir.is_some())
    {
        return Fate::Kept("has an emptyDir volume, and spec.drain.deleteEmptyDirData is false");
    }
    if !drain.force && !owners.iter().any(|owner| owner.controller == Some(true)) {
        return Fate::Kept(
            "belongs to nothing that would make it anew, and spec.drain.force is false",
        );
    }
    Fate::Goes
}

/// Whether the scheduler put it here after the node was cordoned, because it tolerates that. It would come again.
fn came_back(pod: &Pod, since: Timestamp) -> bool {
    let tolerations = pod
        .spec
        .iter()
        .flat_map(|spec| spec.tolerations.iter().flatten());
    let tolerates = tolerations.into_iter().any(|toleration| {
        let key = match toleration.key.as_deref() {
            None | Some("") => toleration.operator.as_deref() == Some("Exists"),
            Some(key) => key == "node.kubernetes.io/unschedulable",
        };
        key && matches!(toleration.effect.as_deref(), None | Some("" | "NoSchedule"))
    });
    let created = pod.metadata.creation_timestamp.as_ref();
    tolerates && created.is_some_and(|created| created.0 > since)
}

fn selected(pod: &Pod, drain: &Drain) -> bool {
    match drain.pod_selector.clone().map(Selector::try_from) {
        None => true,
        Some(selector) => selector.is_ok_and(|selector| selector.matches(pod.labels())),
    }
}

#[cfg(test)]
mod tests {
    use super::fate;
    use k8s_openapi::api::core::v1::Pod;
    use serde_json::{Value, json};
    use upgrade_crd::Drain;

    #[test]
    fn pods_go_as_with_kubectl_drain() {
        let owned = |kind: &str| {
            json!({ "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": kind, "name": "o", "uid": "u", "controller": true,
            }] })
        };
        let scratch = json!({ "containers": [], "volumes": [{ "name": "v", "emptyDir": {} }] });
        let plain = json!({ "containers": [] });
        let careful = Drain {
            delete_empty_dir_data: false,
            ..Drain::default()
        };
        let forced = Drain {
            force: true,
            ..Drain::default()
        };
        let only: Drain =
            serde_json::from_value(json!({ "podSelector": { "matchLabels": { "app": "web" } } }))
                .expect("a drain");
        let mirror = json!({ "annotations": { "kubernetes.io/config.mirror": "x" } });
        let usual = Drain::default();
        let tolerant = json!({ "containers": [], "tolerations": [{ "operator": "Exists" }] });
        let mut back = owned("ReplicaSet");
        back["creationTimestamp"] = json!("2026-11-28T12:00:01Z");
        let mut old = owned("ReplicaSet");
        old["creationTimestamp"] = json!("2026-11-28T11:00:00Z");
        let since = "2026-11-28T12:00:00Z".parse().expect("a moment");
        let table: [(&str, Value, &Value, &str, &Drain, &str); 12] = [
            (
                "tolerant, from before",
                old,
                &tolerant,
                "Running",
                &usual,
                "Goes",
            ),
            (
                "tolerant, and back",
                back.clone(),
                &tolerant,
                "Running",
                &usual,
                "Stays",
            ),
            (
                "new, on its way out",
                back,
                &plain,
                "Running",
                &usual,
                "Goes",
            ),
            (
                "of a deployment",
                owned("ReplicaSet"),
                &plain,
                "Running",
                &usual,
                "Goes",
            ),
            (
                "of a daemon set",
                owned("DaemonSet"),
                &plain,
                "Running",
                &usual,
                "Stays",
            ),
            ("of a file", mirror, &plain, "Running", &usual, "Stays"),
            ("over", owned("Job"), &plain, "Succeeded", &usual, "Stays"),
            ("nobody's", json!({}), &plain, "Running", &usual, "Kept"),
            (
                "nobody's, forced",
                json!({}),
                &plain,
                "Running",
                &forced,
                "Goes",
            ),
            (
                "with scratch data",
                owned("ReplicaSet"),
                &scratch,
                "Running",
                &usual,
                "Goes",
            ),
            (
                "with data to keep",
                owned("ReplicaSet"),
                &scratch,
                "Running",
                &careful,
                "Kept",
            ),
            (
                "not selected",
                owned("ReplicaSet"),
                &plain,
                "Running",
                &only,
                "Stays",
            ),
        ];
        for (name, metadata, spec, phase, drain, expected) in table {
            let pod: Pod = serde_json::from_value(json!({
                "metadata": metadata, "spec": spec, "status": { "phase": phase },
            }))
            .expect("a pod");
            let found = format!("{:?}", fate(&pod, drain, since));
            assert!(found.starts_with(expected), "{name}: {found}");
        }
    }
}
