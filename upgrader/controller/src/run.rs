//! The loop: look, plan, carry out, wait.

use crate::ControllerError;
use crate::execute::{self, MANAGER};
use crate::facts::{Drained, Fleet};
use crate::leader::Leading;
use crate::metrics::{self, Metrics};
use crate::plan::{PACE, Plan, Step, plan};
use crate::removed::Look;
use crate::tell::Teller;
use crate::watch::Followed;
use init_api::Minor;
use jiff::Timestamp;
use kube::{Client, Config};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use tracing::warn;
use upgrade_crd::NodePhase;

/// Changes come in showers: a plan is made for all of one.
const GATHER: Duration = Duration::from_millis(300);
/// After a step that failed.
const AGAIN: Duration = Duration::from_secs(5);
/// Nothing is known to need it; time may have been set.
const AT_LEAST: Duration = Duration::from_secs(60);

/// Works until SIGTERM or SIGINT, in a pod of the cluster. `identity` is the pod's name.
///
/// # Errors
/// The API cannot be found, or another controller took the lease.
pub fn run(identity: &str) -> Result<(), ControllerError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(system("start the event loop"))?;
    runtime.block_on(async {
        let mut terminate =
            signal(SignalKind::terminate()).map_err(system("listen for SIGTERM"))?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(system("listen for SIGINT"))?;
        let config = Config::incluster().map_err(ControllerError::InCluster)?;
        let client = client(config)?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            _ = interrupt.recv() => Ok(()),
            ended = lead(client, identity) => ended,
        }
    })
}

/// A client as the controller wants it.
///
/// # Errors
/// The configuration does not hold together.
pub fn client(mut config: Config) -> Result<Client, ControllerError> {
    // The loop tries again by itself; and a budget that forbids an eviction, which is a 429, has to be told, not waited for.
    config.default_retry = false;
    // The crate that reads release repositories brings another provider into the program, and rustls asks which one is meant. That
    // one was chosen before is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::try_from(config).map_err(ControllerError::Client)
}

fn system(act: &'static str) -> impl Fn(std::io::Error) -> ControllerError {
    move |source| ControllerError::System { act, source }
}

/// Works for as long as the lease is held.
///
/// # Errors
/// The lease cannot be had, or is lost.
pub async fn lead(client: Client, identity: &str) -> Result<(), ControllerError> {
    let mut leading = Leading::begin(&client, identity).await?;
    let (followed, driven) = Followed::begin(&client);
    let metrics = Arc::new(Metrics::new());
    tokio::select! {
        lost = leading.lost() => Err(lost),
        () = driven => Ok(()),
        () = work(&client, identity, &followed, &metrics) => Ok(()),
        () = metrics::serve(metrics.clone()) => Ok(()),
    }
}

async fn work(client: &Client, identity: &str, followed: &Followed, metrics: &Metrics) {
    followed.wait_until_ready().await;
    let mut drains = BTreeMap::new();
    let mut removed = Look::default();
    let mut teller = Teller::new(client, MANAGER, identity);
    loop {
        let now = Timestamp::now();
        let mut fleet = followed.fleet(&drains);
        if let Some(wanted) = newest_ready(&fleet) {
            fleet.removed = removed.known(client, wanted).await;
        }
        let plan = plan(&fleet, now);
        let pause = pause(&plan, now);
        metrics.stand(&plan.statuses);
        let told = plan.told.clone();
        let done = carry_out(client, followed, &mut drains, metrics, plan).await;
        teller.tell(followed, &told).await;
        tokio::select! {
            () = followed.changed.notified() => {}
            () = sleep(if done { pause } else { AGAIN }) => {}
        }
        sleep(GATHER).await;
    }
}

/// The newest Kubernetes of a release that stands ready on a node: then it matters which APIs are needed.
fn newest_ready(fleet: &Fleet) -> Option<Minor> {
    let statuses = fleet
        .asked
        .values()
        .filter_map(|asked| asked.status.as_ref());
    let ready = statuses.filter(|status| status.phase == NodePhase::Staged);
    let minors = ready.filter_map(|status| status.staged_kubernetes.as_ref()?.parse().ok());
    minors.max()
}

/// How long to wait when nothing changes.
fn pause(plan: &Plan, now: Timestamp) -> Duration {
    let draining = plan
        .steps
        .iter()
        .any(|step| matches!(step, Step::Drain { .. }));
    let until = plan
        .wake
        .map(|wake| Duration::try_from(wake.duration_since(now)).unwrap_or_default());
    let pause = until.unwrap_or(AT_LEAST).min(AT_LEAST);
    if draining { pause.min(PACE) } else { pause }
}

/// Whether all went well.
async fn carry_out(
    client: &Client,
    followed: &Followed,
    drains: &mut BTreeMap<String, Drained>,
    metrics: &Metrics,
    plan: Plan,
) -> bool {
    let mut well = true;
    for step in plan.steps {
        let what = format!("{step:?}");
        let carried_out = execute::carry_out(client, followed, drains, step).await;
        metrics.step(carried_out.is_ok());
        if let Err(error) = carried_out {
            warn!("cannot carry out {what}: {error}");
            well = false;
        }
    }
    for (name, status) in plan.statuses {
        let before = followed
            .upgrade(&name)
            .and_then(|upgrade| upgrade.status.clone());
        if before.as_ref() == Some(&status) {
            continue;
        }
        if let Err(error) = execute::say(client, &name, &status).await {
            warn!("cannot say how upgrade {name} stands: {error}");
            well = false;
        }
    }
    well
}
