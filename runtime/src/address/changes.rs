//! Being told when the machine's network changes.

use super::wait::listen;
use crate::descriptor::watched;
use rustix::net::{RecvFlags, recv};
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;
use tokio::io::unix::AsyncFd;

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

    /// Returns after a change, once nothing more happens for `quiet`. Never returns without a listener.
    pub async fn next(changes: &mut Option<Self>, quiet: Duration) {
        let Some(changes) = changes else {
            return std::future::pending().await;
        };
        changes.one().await;
        while tokio::time::timeout(quiet, changes.one()).await.is_ok() {}
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
