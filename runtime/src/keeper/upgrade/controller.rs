//! The controller's pod is there while there is an `Upgrade`: a node that nobody upgrades does not pay for it.

use crate::keeper::backoff::Backoff;
use crate::keeper::context::Keeper;
use futures_util::TryStreamExt;
use kube::api::Api;
use kube::core::PartialObjectMeta;
use kube::runtime::watcher::{self, watcher};
use kube::{Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::pin::pin;
use tokio::time::sleep;
use tracing::{info, warn};
use upgrade_crd::{NodeUpgrade, Upgrade};

/// How many there are of each kind; none before that was seen.
#[derive(Default)]
struct There {
    upgrades: Cell<Option<usize>>,
    asked: Cell<Option<usize>>,
}

/// Notes for the packaged manifests whether the controller has anything to do, for as long as the keeper runs. It has while a node
/// is asked for something: the last `Upgrade` may be deleted half-way.
pub(super) async fn follow(keeper: &Keeper, client: &Client) {
    let there = There::default();
    tokio::join!(
        count::<Upgrade>(keeper, client, &there, &there.upgrades),
        count::<NodeUpgrade>(keeper, client, &there, &there.asked),
    );
}

async fn count<K>(keeper: &Keeper, client: &Client, there: &There, mine: &Cell<Option<usize>>)
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let mut backoff = Backoff::new();
    loop {
        let all: Api<PartialObjectMeta<K>> = Api::all(client.clone());
        let mut events = pin!(watcher(all, watcher::Config::default()));
        let mut names = BTreeSet::new();
        let mut complete = false;
        // The end of a watch, and its errors, are nothing to tell of: it begins anew, and what was noted stands.
        while let Ok(Some(event)) = events.try_next().await {
            match event {
                watcher::Event::Init => names.clear(),
                watcher::Event::InitApply(object) | watcher::Event::Apply(object) => {
                    names.insert(object.name_any());
                }
                watcher::Event::Delete(object) => {
                    names.remove(&object.name_any());
                }
                watcher::Event::InitDone => complete = true,
            }
            if complete {
                mine.set(Some(names.len()));
                note(keeper, there);
                backoff.reset();
            }
        }
        sleep(backoff.pause()).await;
    }
}

/// The mark lasts over reboots, so that a boot does not end the controller to start it anew. It lies beside what lasts of the
/// cluster; the folder whose changes have manifests applied is told as well.
fn note(keeper: &Keeper, there: &There) {
    let (Some(upgrades), Some(asked)) = (there.upgrades.get(), there.asked.get()) else {
        return;
    };
    let wanted = upgrades + asked > 0;
    let path = keeper.paths.upgrades_exist();
    if path.exists() == wanted {
        return;
    }
    let done = if wanted {
        info!("there is an Upgrade: its controller is started");
        host::file::write(&path, 0o644, b"")
    } else {
        info!("there is nothing to upgrade any more: the controller is ended");
        host::file::remove_for_good(&path).map(drop)
    };
    let told = keeper.paths.run().join("upgrades");
    let text = if wanted { "wanted\n" } else { "not wanted\n" };
    let done = done.and_then(|()| host::file::write_in_memory(&told, 0o644, text));
    if let Err(error) = done {
        warn!("cannot note whether there are Upgrades: {error}");
    }
}
