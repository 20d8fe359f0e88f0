//! Talking to PID 1, with errors that say what to do.

use anyhow::{Context, bail};
use init_api::{Client, ConfigurationState, Problem, Status, paths};
use std::path::Path;
use std::time::{Duration, Instant};

/// A connection to PID 1.
///
/// # Errors
/// When this is no node, or the caller is not root.
pub(crate) fn connect() -> anyhow::Result<Client> {
    on_a_node()?;
    Client::connect(paths::SOCKET).context(hint())
}

/// # Errors
/// When this is no node.
pub(crate) fn on_a_node() -> anyhow::Result<()> {
    if Path::new(paths::RUN).exists() {
        return Ok(());
    }
    bail!(
        "this is not a Holdfast node; run the command on one, for example `ssh root@NODE holdfast status`"
    )
}

fn hint() -> &'static str {
    if rustix::process::geteuid().is_root() {
        "PID 1 does not answer on its socket"
    } else {
        "only root can talk to PID 1: log in as root"
    }
}

/// Asks PID 1 to configure anew and waits until it did. The problem, if the node went into maintenance mode.
///
/// # Errors
/// When PID 1 cannot be reached or does not finish within `patience`.
pub(crate) fn reconfigure(patience: Duration) -> anyhow::Result<Option<Problem>> {
    let mut client = connect()?;
    let generation = client.reconfigure()?;
    let deadline = Instant::now() + patience;
    loop {
        let status: Status = client.status()?;
        let done = status.configuration.generation >= generation;
        match status.configuration.state {
            ConfigurationState::Applied if done => return Ok(None),
            ConfigurationState::Failed if done => {
                let unexplained = || {
                    Problem::new(
                        "The configuration was not applied",
                        "PID 1 does not say why.",
                        "See `holdfast logs configure`.",
                    )
                };
                return Ok(Some(status.problem.unwrap_or_else(unexplained)));
            }
            _ if Instant::now() > deadline => {
                bail!(
                    "PID 1 has not applied the configuration after {} s; `holdfast status` shows how far it is",
                    patience.as_secs()
                )
            }
            // PID 1 has no message for this moment; it answers from memory, so asking is cheap.
            _ => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}
