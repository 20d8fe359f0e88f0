//! Waiting for what is done on a network.

use anyhow::Context;
use tokio::runtime::Builder;

/// Runs it to its end on this thread.
pub(crate) fn wait_for<T>(future: impl Future<Output = T>) -> anyhow::Result<T> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot make ready to ask a network")?;
    Ok(runtime.block_on(future))
}
