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
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let wrong = runtime
        .block_on(run(change, bus, patience))
        .map_err(|error| io::Error::other(format!("NetworkManager, over D-Bus: {error}")))?;
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(io::Error::other(wrong.join("; "))),
    }
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
