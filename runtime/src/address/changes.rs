//! Being told when the machine's network changes.

use super::wait::listen;
use crate::descriptor::watched;
use rustix::net::{RecvFlags, recv};
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, timeout_at};

/// News about links, addresses and routes, for a caller that does other things meanwhile.
#[derive(Debug)]
pub struct Changes {
    socket: AsyncFd<OwnedFd>,
}

impl Changes {
    /// Begins to listen.
    ///
    /// # Errors
    /// The kernel does not let us.
    pub fn listen() -> io::Result<Self> {
        let socket = listen().map_err(io::Error::from)?;
        Ok(Self {
            socket: watched(socket)?,
        })
    }

    /// Returns after a change, once nothing more happens for `quiet`, and after `longest` in any case. Never returns without a
    /// listener.
    pub async fn next(changes: &mut Option<Self>, quiet: Duration, longest: Duration) {
        let Some(changes) = changes else {
            return std::future::pending().await;
        };
        settled(async || changes.one().await, quiet, longest).await;
    }

    async fn one(&mut self) {
        let Ok(mut guard) = self.socket.readable().await else {
            return std::future::pending().await;
        };
        let mut buffer = [0_u8; 4096];
        while recv(guard.get_inner(), &mut buffer[..], RecvFlags::DONTWAIT).is_ok() {}
        guard.clear_ready();
    }
}

async fn settled(mut change: impl AsyncFnMut(), quiet: Duration, longest: Duration) {
    change().await;
    let end = Instant::now() + longest;
    loop {
        let until = (Instant::now() + quiet).min(end);
        if timeout_at(until, change()).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::settled;
    use std::time::Duration;
    use tokio::time::{Instant, sleep, timeout};

    #[tokio::test]
    async fn changes_without_end_are_not_waited_for() {
        let millis = Duration::from_millis;
        let begun = Instant::now();
        let change = async || sleep(millis(1)).await;
        let done = timeout(
            Duration::from_secs(60),
            settled(change, millis(500), millis(100)),
        );
        done.await.expect("it returns while changes go on");
        assert!(begun.elapsed() >= millis(100), "{:?}", begun.elapsed());
        let mut left = 3;
        let change = async || {
            if left == 0 {
                return std::future::pending().await;
            }
            left -= 1;
        };
        let done = timeout(
            Duration::from_secs(60),
            settled(change, millis(1), Duration::from_secs(600)),
        );
        done.await.expect("it returns when it is quiet");
    }
}
