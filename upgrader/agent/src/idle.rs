//! Leaving a disk to others ([`host::pace`]) while the agent goes on answering.

use std::time::Duration;

/// Waits for so long. The clock of the runtime has ticks of a millisecond and waits for the next one even where there is nothing to
/// wait for: after each block of a root image, that took longer than the disk.
pub(crate) async fn idle(pause: Duration) {
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
}
