//! The controller's pod is there while there is an `Upgrade`: a node that nobody upgrades does not pay for it.

use crate::keeper::backoff::Backoff;
use crate::keeper::context::Keeper;
use futures_util::TryStreamExt;
use kube::api::Api;
use kube::core::PartialObjectMeta;
use kube::runtime::watcher::{self, watcher};
use kube::{Client, ResourceExt};
use std::collections::BTreeSet;
use std::pin::pin;
use tokio::time::sleep;
use tracing::{info, warn};
use upgrade_crd::Upgrade;

/// Notes for the packaged manifests whether there is an `Upgrade`, for as long as the keeper runs.
pub(super) async fn follow(keeper: &Keeper, client: &Client) {
    let mut backoff = Backoff::new();
    loop {
        // The end of a watch, and its errors, are nothing to tell of: it begins anew, and what was noted stands.
        let _ = until_error(keeper, client, &mut backoff).await;
        sleep(backoff.pause()).await;
    }
}

async fn until_error(
    keeper: &Keeper,
    client: &Client,
    backoff: &mut Backoff,
) -> Result<(), watcher::Error> {
    // Only what says which there are.
    let all: Api<PartialObjectMeta<Upgrade>> = Api::all(client.clone());
    let mut events = pin!(watcher(all, watcher::Config::default()));
    let mut there = BTreeSet::new();
    let mut complete = false;
    while let Some(event) = events.try_next().await? {
        match event {
            watcher::Event::Init => there.clear(),
            watcher::Event::InitApply(upgrade) | watcher::Event::Apply(upgrade) => {
                there.insert(upgrade.name_any());
            }
            watcher::Event::Delete(upgrade) => {
                there.remove(&upgrade.name_any());
            }
            watcher::Event::InitDone => complete = true,
        }
        if complete {
            note(keeper, !there.is_empty());
            backoff.reset();
        }
    }
    Ok(())
}

/// The manifests' folder is followed: a change there has them applied.
fn note(keeper: &Keeper, wanted: bool) {
    let path = keeper.paths.upgrades_exist();
    if path.exists() == wanted {
        return;
    }
    let done = if wanted {
        info!("there is an Upgrade: its controller is started");
        host::file::write_in_memory(&path, 0o644, b"")
    } else {
        info!("there is no Upgrade any more: its controller is ended");
        host::file::remove(&path).map(drop)
    };
    if let Err(error) = done {
        warn!("cannot note whether there are Upgrades: {error}");
    }
}
