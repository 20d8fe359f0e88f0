//! Volumes on the node's own disk: what local-path-provisioner does, without its pod and its helper pods.

mod plan;

use super::apply::words;
use super::{Backoff, Keeper};
use futures_util::StreamExt;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;
use kube::api::{Api, DeleteParams, ListParams, PostParams, WatchParams};
use kube::{Client, Error};
use plan::{Action, Facts, plan};
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
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
        match look(keeper, &apis).await {
            Ok((seen, problems)) => {
                keeper.report.problems(TOPIC, problems);
                if changed(&apis, &seen).await.is_ok() {
                    backoff.reset();
                    continue;
                }
            }
            Err(error) => keeper
                .report
                .problems(TOPIC, vec![format!("volumes: {}", words(&error))]),
        }
        tokio::time::sleep(backoff.pause()).await;
    }
}

/// Up to where claims and volumes were seen.
struct Seen {
    claims: String,
    volumes: String,
}

async fn look(keeper: &Keeper, apis: &Apis) -> Result<(Seen, Vec<String>), Error> {
    let all = ListParams::default();
    let (claims, volumes) = (
        apis.claims.list(&all).await?,
        apis.volumes.list(&all).await?,
    );
    let version =
        |metadata: &kube::core::ListMeta| metadata.resource_version.clone().unwrap_or_default();
    let seen = Seen {
        claims: version(&claims.metadata),
        volumes: version(&volumes.metadata),
    };
    let facts = Facts {
        claims: claims.items,
        volumes: volumes.items,
        classes: apis.classes.list(&all).await?.items,
    };
    let mut problems = Vec::new();
    for action in plan(
        &facts,
        keeper.settings.node.name.as_str(),
        &keeper.paths.volumes(),
    ) {
        if let Err(problem) = execute(keeper, apis, action).await {
            problems.push(problem);
        }
    }
    Ok((seen, problems))
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
                Err(error) => return Err(failed("register the volume", &folder, &words(&error))),
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
                Err(error) => return Err(failed("forget the volume", &folder, &words(&error))),
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

/// Returns when something changed since it was seen, or when it is time to look again anyway.
async fn changed(apis: &Apis, seen: &Seen) -> Result<(), Error> {
    let params = WatchParams::default();
    let mut claims = std::pin::pin!(apis.claims.watch(&params, &seen.claims).await?);
    let mut volumes = std::pin::pin!(apis.volumes.watch(&params, &seen.volumes).await?);
    tokio::select! {
        event = claims.next() => event.transpose().map(drop),
        event = volumes.next() => event.transpose().map(drop),
        () = tokio::time::sleep(AGAIN) => Ok(()),
    }
}
