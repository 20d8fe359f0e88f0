//! Volumes on the node's own disk: what local-path-provisioner does, without its pod and its helper pods.

mod plan;

use super::backoff::Backoff;
use super::context::Keeper;
use super::kube_error::{explain, explain_watch, is_expired};
use futures_util::{Stream, TryStreamExt, future, stream};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use kube::runtime::reflector::Store;
use kube::runtime::watcher::Event;
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Client, Error, Resource, ResourceExt};
use plan::{Action, Facts, plan};
use serde::de::DeserializeOwned;
use std::fmt::Debug;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;
use tracing::info;

const TOPIC: &str = "volumes";
const AGAIN: Duration = Duration::from_secs(600);

struct Apis {
    claims: Api<PersistentVolumeClaim>,
    volumes: Api<PersistentVolume>,
    classes: Api<StorageClass>,
}

/// Makes and removes volumes whenever claims or volumes change.
pub(super) async fn follow(keeper: &Keeper, client: &Client) {
    let apis = Apis {
        claims: Api::all(client.clone()),
        volumes: Api::all(client.clone()),
        classes: Api::all(client.clone()),
    };
    let mut backoff = Backoff::new();
    loop {
        match until_error(keeper, &apis, &mut backoff).await {
            Err(error) if is_expired(&error) => {}
            Err(error) => {
                let problem = format!("volumes: {}", explain_watch(&error));
                keeper.report.problems(TOPIC, vec![problem]);
            }
            Ok(()) => {}
        }
        tokio::time::sleep(backoff.pause()).await;
    }
}

/// What a watch brought.
enum Changed {
    Claims,
    Volumes,
}

/// Holds all claims and volumes of the cluster in memory, and provisions whenever one of them changes, after a failure, and
/// now and then.
async fn until_error(
    keeper: &Keeper,
    apis: &Apis,
    backoff: &mut Backoff,
) -> Result<(), watcher::Error> {
    let (claims, claim_changes) = watched(&apis.claims);
    let (volumes, volume_changes) = watched(&apis.volumes);
    let mut changes = pin!(stream::select(
        claim_changes.map_ok(|()| Changed::Claims),
        volume_changes.map_ok(|()| Changed::Volumes),
    ));
    let (mut has_claims, mut has_volumes) = (false, false);
    loop {
        let mut pause = AGAIN;
        if has_claims && has_volumes {
            let problems = provision(keeper, apis, &claims, &volumes).await;
            if !problems.is_empty() {
                pause = backoff.pause();
            }
            keeper.report.problems(TOPIC, problems);
        }
        let change = tokio::select! {
            change = changes.try_next() => change?,
            () = tokio::time::sleep(pause) => continue,
        };
        match change {
            Some(Changed::Claims) => has_claims = true,
            Some(Changed::Volumes) => has_volumes = true,
            None => return Ok(()),
        }
        backoff.reset();
    }
}

/// All objects of a kind, and word of each change once all of them are known.
fn watched<K>(
    api: &Api<K>,
) -> (
    Store<K>,
    impl Stream<Item = Result<(), watcher::Error>> + use<K>,
)
where
    K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
{
    let (store, writer) = reflector::store();
    // Who set which field is a good part of an object, and nobody here asks.
    let changes = watcher(api.clone(), watcher::Config::default())
        .modify(|object: &mut K| object.managed_fields_mut().clear())
        .reflect(writer)
        .try_filter_map(|event| {
            let is_whole = !matches!(event, Event::Init | Event::InitApply(_));
            future::ready(Ok(is_whole.then_some(())))
        });
    (store, changes)
}

/// Makes and removes what the cluster's claims and volumes ask for; gives what could not be done.
async fn provision(
    keeper: &Keeper,
    apis: &Apis,
    claims: &Store<PersistentVolumeClaim>,
    volumes: &Store<PersistentVolume>,
) -> Vec<String> {
    let classes = match apis.classes.list(&ListParams::default()).await {
        Ok(classes) => classes.items,
        Err(error) => return vec![format!("volumes: {}", explain(&error))],
    };
    let facts = Facts {
        claims: contents(claims),
        volumes: contents(volumes),
        classes,
    };
    let node = keeper.settings.node.name.as_str();
    let mut problems = Vec::new();
    for action in plan(&facts, node, &keeper.paths.volumes()) {
        if let Err(problem) = execute(keeper, apis, action).await {
            problems.push(problem);
        }
    }
    problems
}

/// In one order each time, so that problems are told in one order, too.
fn contents<K>(store: &Store<K>) -> Vec<K>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    let mut objects = store.state();
    objects.sort_by_key(|object| (object.namespace(), object.name_any()));
    objects.iter().map(|object| K::clone(object)).collect()
}

async fn execute(keeper: &Keeper, apis: &Apis, action: Action) -> Result<(), String> {
    let failed = |what: &str, folder: &Path, error: &dyn std::fmt::Display| {
        format!("cannot {what} {}: {error}", folder.display())
    };
    match action {
        Action::Make { folder, volume } => {
            make_folder(&keeper.paths.volumes(), &folder)
                .map_err(|e| failed("make the volume", &folder, &e))?;
            match apis.volumes.create(&PostParams::default(), &volume).await {
                Ok(_) => info!("made the volume {}", folder.display()),
                Err(Error::Api(status)) if status.is_already_exists() => {}
                Err(error) => return Err(failed("register the volume", &folder, &explain(&error))),
            }
        }
        Action::Remove { folder, volume } => {
            let path = folder.clone();
            let removed = tokio::task::spawn_blocking(move || remove_folder(&path)).await;
            removed
                .map_err(|e| e.to_string())?
                .map_err(|e| failed("remove the volume", &folder, &e))?;
            match apis.volumes.delete(&volume, &DeleteParams::default()).await {
                Ok(_) => info!("removed the volume {}", folder.display()),
                Err(Error::Api(status)) if status.is_not_found() => {}
                Err(error) => {
                    return Err(failed(
                        "remove from the API the volume",
                        &folder,
                        &explain(&error),
                    ));
                }
            }
        }
        Action::Refuse(why) => return Err(why),
    }
    Ok(())
}

/// Open to every user of a pod, as volumes of local-path-provisioner are: who runs in the pod is not known here. The
/// folder around it keeps everyone else on the machine out.
fn make_folder(root: &Path, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::set_permissions(root, Permissions::from_mode(0o711))?;
    fs::set_permissions(folder, Permissions::from_mode(0o777))?;
    File::open(root)?.sync_all()
}

fn remove_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
