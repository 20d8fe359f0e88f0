//! What the kubelet asks of systemd-logind before a machine goes down, answered by the keeper: the node has no logind.
//!
//! The kubelet takes a lock, a pipe of which it holds one end, hears `PrepareForShutdown`, ends its pods, and closes its end
//! (`pkg/kubelet/nodeshutdown` of Kubernetes; <https://systemd.io/INHIBITOR_LOCKS>).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::unix::pipe::{self, Receiver};
use tracing::info;
use zbus::connection::Builder;
use zbus::object_server::SignalEmitter;
use zbus::{Connection, OwnedFd, fdo, interface};

const NAME: &str = "org.freedesktop.login1";
const OBJECT: &str = "/org/freedesktop/login1";
/// The whole of joining the bus; a bus that takes longer is not there.
const PATIENCE: Duration = Duration::from_secs(10);

/// Locks that delay the end of the machine, each held by whoever has its pipe's other end.
#[derive(Clone, Default)]
pub(super) struct Locks(Arc<Mutex<Vec<Receiver>>>);

impl Locks {
    /// A new lock's end for its holder.
    fn take(&self) -> std::io::Result<std::os::fd::OwnedFd> {
        let (theirs, ours) = pipe::pipe()?;
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.push(ours);
        theirs.into_blocking_fd()
    }

    /// All that were taken and not waited for yet.
    fn all(&self) -> Vec<Receiver> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until every lock is let go.
    pub(super) async fn released(&self) {
        for lock in self.all() {
            released(&lock).await;
        }
    }
}

/// Waits until the other end of a lock is closed.
async fn released(lock: &Receiver) {
    let mut byte = [0];
    loop {
        // Readable without a byte: the pipe is at its end. An error is no lock either.
        if lock.readable().await.is_err() {
            return;
        }
        match lock.try_read(&mut byte) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}

/// The object that logind has.
struct Manager {
    longest: Duration,
    locks: Locks,
}

#[interface(name = "org.freedesktop.login1.Manager")]
impl Manager {
    /// NetworkManager wants to know of a sleep, which there never is: it gets a lock that nothing waits for.
    fn inhibit(&self, what: &str, who: &str, _why: &str, mode: &str) -> fdo::Result<OwnedFd> {
        let counts = mode == "delay" && what.split(':').any(|what| what == "shutdown");
        let locks = if counts {
            info!("{who} wants to end its pods before the machine goes down");
            self.locks.clone()
        } else {
            Locks::default()
        };
        let lock = locks.take();
        lock.map(OwnedFd::from)
            .map_err(|error| fdo::Error::Failed(format!("no pipe for a lock: {error}")))
    }

    /// How long a lock delays the end at most, microseconds.
    #[zbus(property(emits_changed_signal = "const"), name = "InhibitDelayMaxUSec")]
    fn longest_delay(&self) -> u64 {
        u64::try_from(self.longest.as_micros()).unwrap_or(u64::MAX)
    }

    /// The machine goes down, or does not after all.
    #[zbus(signal)]
    async fn prepare_for_shutdown(emitter: &SignalEmitter<'_>, begins: bool) -> zbus::Result<()>;
}

/// Joins the bus at `address` as logind. Whoever held a lock of an earlier keeper is asked to take it again.
pub(super) async fn join(
    address: &str,
    longest: Duration,
    locks: &Locks,
) -> zbus::Result<Connection> {
    let manager = Manager {
        longest,
        locks: locks.clone(),
    };
    let connection = Builder::address(address)
        .method_timeout(PATIENCE)
        .serve_at(OBJECT, manager)
        .name(NAME)
        .build()
        .await?;
    announce(&connection, false).await?;
    Ok(connection)
}

/// Tells everybody who listens that the machine goes down, or that it does not.
pub(super) async fn announce(connection: &Connection, goes_down: bool) -> zbus::Result<()> {
    let emitter = SignalEmitter::new(connection, OBJECT)?;
    Manager::prepare_for_shutdown(&emitter, goes_down).await
}
