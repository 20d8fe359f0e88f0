//! One controller works at a time: who holds the lease.

use crate::ControllerError;
use kube::Client;
use kube_lease_manager::{LeaseManager, LeaseManagerBuilder};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{info, warn};

/// The lease's name and where it lies.
const LEASE: &str = "holdfast-upgrade-controller";
const NAMESPACE: &str = "kube-system";
/// Seconds after which another one may take the lease, and how long before that it is renewed.
const DURATION: u64 = 30;
const GRACE: u64 = 10;
/// The pod may be there before its network is, or the API.
const AGAIN: Duration = Duration::from_secs(2);

/// The lease, held.
pub(crate) struct Leading {
    held: watch::Receiver<bool>,
}

impl Leading {
    /// Returns when the lease is ours.
    ///
    /// # Errors
    /// Whoever holds it for us is gone.
    pub(crate) async fn begin(client: &Client, identity: &str) -> Result<Self, ControllerError> {
        let (mut held, _task) = manager(client, identity).await.watch().await;
        info!("waiting for the lease");
        let gone = |_| ControllerError::NotLeading;
        held.wait_for(|held| *held).await.map_err(gone)?;
        info!("leading");
        Ok(Self { held })
    }

    /// Returns when it is lost.
    pub(crate) async fn lost(&mut self) -> ControllerError {
        let _ = self.held.wait_for(|held| !held).await;
        ControllerError::NotLeading
    }
}

/// Returns when the API has the lease.
async fn manager(client: &Client, identity: &str) -> LeaseManager {
    loop {
        let manager = LeaseManagerBuilder::new(client.clone(), LEASE)
            .with_namespace(NAMESPACE)
            .with_identity(identity)
            .with_duration(DURATION)
            .with_grace(GRACE)
            .build()
            .await;
        match manager {
            Ok(manager) => return manager,
            Err(error) => warn!("cannot have the lease yet: {error}"),
        }
        sleep(AGAIN).await;
    }
}
