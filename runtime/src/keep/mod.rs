//! The keeper: holds the cluster to the configuration for as long as the node runs.
//!
//! Everything in it is level-triggered: it looks at what is, compares with what should be, and mends. A change, a failure
//! or the passing of time only makes it look again. It runs on one thread and waits for most of its life.

mod api;
mod apply;
mod ask;
mod clock;
mod document;
mod folder;
mod heartbeat;
mod images;
mod in_force;
mod inventory;
mod jump;
mod kinds;
mod manifests;
mod network;
mod node;
mod object;
mod prune;
mod report;
mod values;
mod volumes;
mod wanted;
mod watch;

pub use apply::Applier;
pub use document::{Document, ManifestProblem, parse};
pub use inventory::Set;
pub use object::ObjectRef;
pub use wanted::{Wanted, packaged, user};

use crate::{Paths, Settings};
use report::Report;
use std::net::IpAddr;
use std::time::Duration;
use thiserror::Error;
use tokio::signal::unix::{SignalKind, signal};

/// The name under which the keeper owns fields of objects.
const MANAGER: &str = "holdfast";
/// Where the keeper notes what it applied.
const INVENTORY_NAMESPACE: &str = "kube-system";

/// The keeper cannot start; what happens later it mends or reports.
#[derive(Debug, Error)]
pub enum KeepError {
    /// `cluster-prepare` has not run.
    #[error("cannot read {path}; has `holdfast runtime prepare` run?")]
    NotPrepared {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file does not hold an address.
    #[error("{path} does not hold an address")]
    Address {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::net::AddrParseError,
    },
    /// The operating system refuses something every process may have.
    #[error("cannot {act}")]
    System {
        /// What.
        act: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// No client of the API can be made from our own certificate.
    #[error("cannot make a client of the API: {0}")]
    Client(String),
}

/// What all parts of the keeper share.
struct Keeper {
    settings: Settings,
    paths: Paths,
    report: Report,
}

/// Runs the keeper until SIGTERM or SIGINT, on this thread.
///
/// # Errors
/// It cannot start.
pub fn keep(settings: Settings, paths: Paths) -> Result<(), KeepError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(system("start the event loop"))?;
    runtime.block_on(until_told(settings, paths))
}

fn system(act: &'static str) -> impl Fn(std::io::Error) -> KeepError {
    move |source| KeepError::System { act, source }
}

async fn until_told(settings: Settings, paths: Paths) -> Result<(), KeepError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(system("listen for SIGTERM"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(system("listen for SIGINT"))?;
    let keeper = Keeper {
        report: Report::new(settings.node.name.as_str(), &paths),
        settings,
        paths,
    };
    network::tell(&keeper.report, prepared_address(&keeper.paths)?);
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        failed = with_certificates(&keeper) => failed,
        () = network::follow(&keeper) => Ok(()),
        () = images::follow(&keeper) => Ok(()),
        () = jump::follow(&keeper) => Ok(()),
    }
}

/// Works with the API until the certificates are replaced, then begins again with new ones.
async fn with_certificates(keeper: &Keeper) -> Result<(), KeepError> {
    loop {
        let client = api::client(&keeper.paths)?;
        tokio::select! {
            () = with_api(keeper, &client) => {}
            () = clock::renew_leaves(keeper) => {}
        }
    }
}

async fn with_api(keeper: &Keeper, client: &kube::Client) {
    api::wait_ready(client, &keeper.report).await;
    tokio::join!(
        watch::follow_node(keeper, client),
        heartbeat::follow(keeper, client),
        manifests::follow_packaged(keeper, client),
        manifests::follow_user(keeper, client),
        follow_volumes(keeper, client),
    );
}

async fn follow_volumes(keeper: &Keeper, client: &kube::Client) {
    if keeper.settings.has_component("local-path") {
        volumes::follow(keeper, client).await;
    }
}

/// The address that was last prepared for.
fn prepared_address(paths: &Paths) -> Result<IpAddr, KeepError> {
    let path = paths.address();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(source) => return Err(KeepError::NotPrepared { path, source }),
    };
    text.trim()
        .parse()
        .map_err(|source| KeepError::Address { path, source })
}

/// Pauses that double from one failure to the next.
struct Backoff {
    next: Duration,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(500);
    const LONGEST: Duration = Duration::from_secs(60);

    fn new() -> Self {
        Self { next: Self::FIRST }
    }

    fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(Self::LONGEST);
        pause
    }

    fn reset(&mut self) {
        self.next = Self::FIRST;
    }
}
