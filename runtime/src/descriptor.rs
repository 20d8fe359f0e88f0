//! Kernel descriptors that tokio waits for.

use std::io;
use std::os::fd::OwnedFd;
use tokio::io::unix::AsyncFd;

/// A descriptor that can be waited for.
#[expect(
    deprecated,
    reason = "unsound only for types that change their descriptor while they are watched, which an OwnedFd cannot"
)]
pub(crate) fn watched(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::new(descriptor)
}
