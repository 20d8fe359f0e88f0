//! The end of the machine, as pods see it: the kubelet is told before services stop, and gets its time to end them.
//!
//! Flow: PID 1 stops the keeper before all else → the keeper announces the end on the bus → the kubelet runs the hooks and
//! ends the pods, each with its own grace, by priority → it lets its lock go → the keeper ends, and PID 1 stops the other
//! services. Guarantee: it takes no longer than `kubernetes.shutdown_seconds` and a little more, whatever pods, kubelet and
//! bus do. Why it is done this way: `docs/design/shape.md`, "The end of a machine".

mod login;

use super::context::Keeper;
use crate::file::{self, PlannedFile};
use crate::shutdown::{patience, ready_sign, seconds};
use init_api::{Client, Mode};
use login::{Locks, announce, join};
use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};
use zbus::{Connection, MessageStream};

/// The bus of the node.
const BUS: &str = "/run/dbus/system_bus_socket";
/// Between two attempts to join it.
const PAUSE: Duration = Duration::from_secs(5);
/// The keeper's part in the end of the machine.
pub(super) struct Ending {
    longest: Duration,
    /// How long the kubelet is waited for.
    patience: Duration,
    bus: String,
    init: PathBuf,
    sign: PathBuf,
    locks: Locks,
    connection: RefCell<Option<Connection>>,
}

impl Ending {
    pub(super) fn of(keeper: &Keeper) -> Self {
        let paths = &keeper.paths;
        Self {
            longest: seconds(&keeper.settings),
            patience: patience(&keeper.settings),
            bus: format!("unix:path={}", paths.at(BUS).display()),
            init: paths.at(init_api::paths::SOCKET),
            sign: ready_sign(paths),
            locks: Locks::default(),
            connection: RefCell::default(),
        }
    }

    /// Is there for the kubelet for as long as the keeper runs.
    pub(super) async fn stand_by(&self) {
        loop {
            match join(&self.bus, self.longest, &self.locks).await {
                Ok(connection) => {
                    self.connection.replace(Some(connection.clone()));
                    self.show_ready();
                    let mut messages = MessageStream::from(&connection);
                    while futures_util::StreamExt::next(&mut messages).await.is_some() {}
                    warn!("the message bus is gone");
                }
                Err(error) => {
                    warn!("pods cannot be told when the machine goes down: {error}");
                    // The node is worth more than the end of its pods.
                    self.show_ready();
                }
            }
            self.connection.replace(None);
            sleep(PAUSE).await;
        }
    }

    fn show_ready(&self) {
        let sign = PlannedFile::new(self.sign.clone(), 0o600, "");
        if let Err(error) = file::write(&sign) {
            warn!("cannot show that the keeper is ready: {error}");
        }
    }

    /// The keeper ends. If it is the machine that ends, the kubelet ends its pods first.
    pub(super) async fn take_leave(&self) {
        if let Err(error) = file::remove(&self.sign) {
            warn!("cannot take back that the keeper is ready: {error}");
        }
        if self.machine_goes_down() {
            self.end_pods().await;
        }
    }

    /// Has the kubelet end its pods, and waits for it.
    async fn end_pods(&self) {
        let Some(connection) = self.connection.borrow().clone() else {
            return;
        };
        info!(
            "pods get {} s to end before the machine goes down",
            self.longest.as_secs()
        );
        let end = async {
            match announce(&connection, true).await {
                Ok(()) => self.locks.released().await,
                Err(error) => warn!("cannot tell the kubelet that the machine goes down: {error}"),
            }
        };
        match timeout(self.patience, end).await {
            Ok(()) => info!("the pods have ended"),
            Err(_) => warn!("not all pods have ended in time"),
        }
    }

    fn machine_goes_down(&self) -> bool {
        let status = Client::connect(&self.init).and_then(|mut init| init.status());
        match status {
            Ok(status) => status.mode == Mode::ShuttingDown,
            Err(error) => {
                warn!("cannot ask PID 1 whether the machine goes down: {error}");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests;
