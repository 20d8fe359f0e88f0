//! The keeper: holds the cluster to the configuration for as long as the node runs.
//!
//! Everything in it is level-triggered: it compares what is with what should be, and corrects it. A change, a failure or the
//! passing of time only makes it compare again. It runs on one thread and waits for most of its life.

mod alarm;
mod api;
mod authorities;
mod backoff;
mod certificates;
mod clock_jump;
mod context;
mod datastore;
mod emulation;
mod ending;
mod error;
mod folder;
mod hardware;
mod images;
mod kept_damage;
mod kube_error;
mod log_room;
mod manifests;
mod memory_room;
mod no_lease;
mod node;
mod node_address;
mod offenders;
mod proven;
mod report;
mod restart;
mod rights;
mod state_repairs;
mod stick;
mod tell;
pub(crate) mod tokens;
mod upgrade;
mod volumes;

pub use error::KeeperError;
pub use manifests::{
    Applier, Desired, Document, ManifestProblem, ManifestSet, ObjectRef, packaged, parse, user,
};

use crate::pki::KEEPER;
use crate::{Paths, Settings};
use context::{Keeper, prepared_address};
use ending::Ending;
use error::system;
use offenders::Offenders;
use report::Report;
use tokio::signal::unix::{SignalKind, signal};

/// Runs the keeper until SIGTERM or SIGINT, on this thread.
///
/// # Errors
/// It cannot start.
pub fn run_keeper(settings: Settings, paths: Paths) -> Result<(), KeeperError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(system("start the event loop"))?;
    runtime.block_on(until_signal(settings, paths))
}

async fn until_signal(settings: Settings, paths: Paths) -> Result<(), KeeperError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(system("listen for SIGTERM"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(system("listen for SIGINT"))?;
    let keeper = Keeper {
        report: Report::new(settings.node.name.as_str(), &paths),
        settings,
        paths,
    };
    node_address::show(&keeper.report, prepared_address(&keeper.paths)?);
    let ending = Ending::of(&keeper);
    let offenders = Offenders::of(&keeper);
    let ended = tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        () = ending.stand_by() => Ok(()),
        failed = with_certificates(&keeper, &offenders) => failed,
        () = node_address::follow(&keeper) => Ok(()),
        () = images::follow(&keeper) => Ok(()),
        () = log_room::keep(&keeper) => Ok(()),
        () = memory_room::keep(&keeper) => Ok(()),
        () = proven::follow(&keeper) => Ok(()),
        () = no_lease::watch(&keeper) => Ok(()),
        () = hardware::watch(&keeper) => Ok(()),
        () = offenders.watch_counts() => Ok(()),
        () = clock_jump::follow(&keeper) => Ok(()),
        () = emulation::follow(&keeper) => Ok(()),
        () = datastore::show(&keeper) => Ok(()),
        () = state_repairs::show(&keeper) => Ok(()),
    };
    ending.take_leave().await;
    ended
}

/// Works with the API until the certificates or their authorities are replaced, then begins again with new ones.
async fn with_certificates(keeper: &Keeper, offenders: &Offenders<'_>) -> Result<(), KeeperError> {
    loop {
        let client = api::client(&keeper.paths, KEEPER)?;
        tokio::select! {
            () = with_api(keeper, offenders, &client) => {}
            () = certificates::renew(keeper) => {}
            () = authorities::take_over(keeper) => {}
        }
    }
}

async fn with_api(keeper: &Keeper, offenders: &Offenders<'_>, client: &kube::Client) {
    offenders.await_client();
    api::wait_ready(client, &keeper.report).await;
    rights::ensure(keeper, client).await;
    tokio::join!(
        node::follow(keeper, client),
        datastore::tell(keeper, client),
        state_repairs::tell(keeper, client),
        offenders.follow(client),
        upgrade::follow(keeper, client),
        manifests::follow(keeper, client, ManifestSet::Packaged),
        manifests::follow(keeper, client, ManifestSet::User),
        follow_volumes(keeper, client),
    );
}

async fn follow_volumes(keeper: &Keeper, client: &kube::Client) {
    if keeper.settings.has_component("local-path") {
        volumes::follow(keeper, client).await;
    }
}
