//! Bringing a running NetworkManager in line with profiles that changed, over D-Bus.
//!
//! Flow: NetworkManager reads its profiles; each device whose profile changed, or that runs by another one than it should, gets
//! the right one by name (asked for just any, NetworkManager likes to take the one that it had); then addresses, routes and name
//! servers are looked at until they are as the profile fixes them, or time is up. Guarantee: what is not in force when this
//! returns is in the error. Others than the touched devices keep their addresses without a gap.

mod bus;
mod check;
mod decide;
mod device;
mod profile;

use bus::Bus;
use device::State;
use ipnet::IpNet;
pub use profile::{Change, Fixed, For, Profile};
use std::io;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Brings the NetworkManager at the D-Bus address `bus` in line; `patience` is how long the devices have until their addresses
/// are there.
///
/// # Errors
/// NetworkManager does not answer; or all that is not in force, in one text.
pub fn bring_in_line(change: &Change, bus: &str, patience: Duration) -> io::Result<()> {
    let wrong = block_on(run(change, bus, patience))?;
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(io::Error::other(wrong.join("; "))),
    }
}

/// What a network card runs by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Running {
    /// Its profile.
    pub(crate) profile: Option<String>,
    /// Its addresses.
    pub(crate) addresses: Vec<IpNet>,
}

/// What the card `device` runs by; none if NetworkManager does not know it.
///
/// # Errors
/// NetworkManager does not answer.
pub(crate) fn running(bus: &str, device: &str) -> io::Result<Option<Running>> {
    block_on(async {
        let bus = Bus::connect(bus).await?;
        let Some(path) = bus.device_called(device).await? else {
            return Ok(None);
        };
        let now = bus.in_force(&path).await?;
        Ok(Some(Running {
            profile: now.profile,
            addresses: now.fixed.addresses,
        }))
    })
}

/// Gives the card `device` this profile and no other; what comes of it is seen later.
///
/// # Errors
/// NetworkManager does not answer, or knows no such card or profile.
pub(crate) fn give(bus: &str, device: &str, profile: &str) -> io::Result<()> {
    block_on(async {
        let bus = Bus::connect(bus).await?;
        let known = bus.profiles().await?;
        let path = bus.device_called(device).await?;
        match (known.get(profile), path) {
            (Some(connection), Some(path)) => bus.activate(connection, &path).await,
            _ => Err(zbus::Error::Failure(format!(
                "there is no card {device}, or no profile {profile}"
            ))),
        }
    })
}

fn block_on<T>(future: impl Future<Output = zbus::Result<T>>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime
        .block_on(future)
        .map_err(|error| io::Error::other(format!("NetworkManager, over D-Bus: {error}")))
}

async fn run(change: &Change, address: &str, patience: Duration) -> zbus::Result<Vec<String>> {
    let bus = Bus::connect(address).await?;
    // Before anything is asked for: no change is missed.
    let mut changes = bus.changes().await?;
    bus.reload_profiles().await?;
    let known = bus.profiles().await?;
    let mut wrong = Vec::new();
    let mut activated = Vec::new();
    for (path, device) in bus.devices(&known).await? {
        let Some(profile) = decide::to_activate(&device, change) else {
            continue;
        };
        let Some(connection) = known.get(&profile.name) else {
            wrong.push(format!(
                "{}: NetworkManager does not take the profile {}",
                device.name, profile.name
            ));
            continue;
        };
        match bus.activate(connection, &path).await {
            Ok(()) => activated.push((path, device.name, profile)),
            Err(error) => wrong.push(format!(
                "{}: the profile {} cannot be activated: {error}",
                device.name, profile.name
            )),
        }
    }
    let deadline = Instant::now() + patience;
    for (path, name, profile) in activated {
        loop {
            let now = bus.in_force(&path).await?;
            let missing = check::missing(&name, profile, &now);
            if missing.is_empty() && now.state == State::Up {
                break;
            }
            // No lease until then is no failure: NetworkManager goes on asking.
            if timeout_at(deadline, changes.next()).await.is_err() {
                wrong.extend(missing);
                break;
            }
        }
    }
    Ok(wrong)
}
