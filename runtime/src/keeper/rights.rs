//! The keeper's own rights in the cluster, and how it comes by them.
//!
//! The keeper is an ordinary user of the API, whom a ClusterRole says what it may do. A cluster that is new, or whose last
//! release had none, has no such role: then the keeper puts it there once, with the administrator's certificate, and goes on
//! with its own. With its rights it brings those of the API server towards kubelets, and of administrators at other machines.

use super::api::client;
use super::backoff::Backoff;
use super::context::{Keeper, MANAGER};
use super::kube_error::explain;
use crate::pki::{ADMIN, ADMINISTRATORS, KUBELET_CLIENT};
use k8s_openapi::api::flowcontrol::v1::FlowSchema;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::{Client, Error};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::time::Duration;
use tracing::info;

const TOPIC: &str = "rights";
/// The user that the keeper's certificate names, its role and its binding.
const NAME: &str = "holdfast:keeper";
/// Until the API server's authorizer has seen a binding.
const SOON: Duration = Duration::from_millis(100);

/// What the keeper may do.
///
/// The user's manifests may hold any kind, also such as do not exist yet, so it may make, change and remove objects of any
/// kind, and read one that it knows by name. Roles among them may grant what the keeper itself may not: so it may `escalate`
/// and `bind`. It may list and watch only what it follows: nodes, volumes, pods and upgrades. It can impersonate nobody, and sign nothing.
fn role() -> Value {
    let any = ["*"];
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": { "name": NAME },
        "rules": [
            { "apiGroups": any, "resources": any, "verbs": ["get", "create", "patch", "delete"] },
            {
                "apiGroups": ["rbac.authorization.k8s.io"],
                "resources": ["roles", "clusterroles"],
                "verbs": ["bind", "escalate"],
            },
            {
                "apiGroups": [""],
                "resources": ["nodes", "pods", "persistentvolumes", "persistentvolumeclaims"],
                "verbs": ["list", "watch"],
            },
            {
                "apiGroups": ["upgrade.holdfast.dev"],
                "resources": ["upgrades", "nodeupgrades"],
                "verbs": ["list", "watch"],
            },
            { "apiGroups": ["storage.k8s.io"], "resources": ["storageclasses"], "verbs": ["list"] },
        ],
    })
}

fn binding(name: &str, role: &str, (kind, subject): (&str, &str)) -> Value {
    let group = "rbac.authorization.k8s.io";
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": { "name": name },
        "roleRef": { "apiGroup": group, "kind": "ClusterRole", "name": role },
        "subjects": [{ "apiGroup": group, "kind": kind, "name": subject }],
    })
}

/// The keeper itself, and the API server where it asks kubelets: for logs, exec and port-forward.
fn bindings() -> [Value; 2] {
    let asks_kubelets = ("User", KUBELET_CLIENT);
    [
        binding(NAME, NAME, ("User", NAME)),
        binding(
            "holdfast:kubelet-client",
            "system:kubelet-api-admin",
            asks_kubelets,
        ),
    ]
}

/// Whoever has a kubeconfig for another machine.
fn administrators() -> Value {
    binding(ADMINISTRATORS, "cluster-admin", ("Group", ADMINISTRATORS))
}

/// Its requests wait with those of the system, not behind those of pods.
fn priority() -> Value {
    let any = ["*"];
    json!({
        "apiVersion": "flowcontrol.apiserver.k8s.io/v1",
        "kind": "FlowSchema",
        "metadata": { "name": "holdfast-keeper" },
        "spec": {
            "matchingPrecedence": 700,
            "priorityLevelConfiguration": { "name": "system" },
            "rules": [{
                "subjects": [{ "kind": "User", "user": { "name": NAME } }],
                "resourceRules": [{
                    "verbs": any, "apiGroups": any, "resources": any, "namespaces": any, "clusterScope": true,
                }],
                "nonResourceRules": [{ "verbs": any, "nonResourceURLs": any }],
            }],
        },
    })
}

/// Returns when the keeper has its rights.
pub(super) async fn ensure(keeper: &Keeper, own: &Client) {
    let mut backoff = Backoff::new();
    loop {
        // With the keeper's own rights, which suffice to bring them up to date.
        let done = match apply(own).await {
            Err(error) if is_forbidden(&error) => write_as_administrator(keeper).await,
            done => done.map(|()| true).map_err(|error| explain(&error)),
        };
        let pause = match done {
            Ok(true) => return keeper.report.problems(TOPIC, Vec::new()),
            Ok(false) => SOON,
            Err(error) => {
                let problem = format!("the keeper cannot get its rights in the cluster: {error}");
                keeper.report.problems(TOPIC, vec![problem]);
                backoff.pause()
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// Puts the rights there with the administrator's certificate; they are in force a moment later.
async fn write_as_administrator(keeper: &Keeper) -> Result<bool, String> {
    let admin = client(&keeper.paths, ADMIN).map_err(|error| error.to_string())?;
    apply(&admin).await.map_err(|error| explain(&error))?;
    info!("the keeper has a role of its own in the cluster");
    Ok(false)
}

async fn apply(client: &Client) -> Result<(), Error> {
    apply_one::<ClusterRole>(client, &role()).await?;
    for binding in bindings() {
        apply_one::<ClusterRoleBinding>(client, &binding).await?;
    }
    make_once(client, &administrators()).await?;
    apply_one::<FlowSchema>(client, &priority()).await
}

async fn apply_one<K>(client: &Client, object: &Value) -> Result<(), Error>
where
    K: kube::Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned,
{
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let params = PatchParams::apply(MANAGER).force();
    let objects: Api<K> = Api::all(client.clone());
    objects.patch(name, &params, &Patch::Apply(object)).await?;
    Ok(())
}

/// Makes a binding where there is none: one that was emptied stays empty.
async fn make_once(client: &Client, binding: &Value) -> Result<(), Error> {
    let binding = serde_json::from_value(binding.clone()).map_err(Error::SerdeError)?;
    let bindings: Api<ClusterRoleBinding> = Api::all(client.clone());
    match bindings.create(&PostParams::default(), &binding).await {
        Err(Error::Api(status)) if status.code == 409 => Ok(()),
        done => done.map(drop),
    }
}

fn is_forbidden(error: &Error) -> bool {
    matches!(error, Error::Api(status) if status.code == 403)
}
