//! Bringing a running NetworkManager in line with profiles that changed, over D-Bus.
//!
//! Flow: NetworkManager reads its profiles; each device whose profile changed, or that runs by another one than it should, gets
//! the right one by name (asked for just any, NetworkManager likes to take the one that it had); then addresses, routes and name
//! servers are looked at until they are as the profile fixes them, or time is up. Guarantee: what is not in force when this
//! returns is in the error. Others than the touched devices keep their addresses without a gap.

mod bus;
mod check;
mod decide;

use bus::Bus;
use ipnet::IpNet;
use std::io;
use std::net::IpAddr;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// Profiles that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Names of those that changed, came or went.
    pub changed: Vec<String>,
    /// All that there are now, in the order in which a device takes them.
    pub profiles: Vec<Profile>,
}

/// A profile, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name, which is its id in NetworkManager.
    pub name: String,
    /// What it is for.
    pub device: For,
    /// What it fixes.
    pub fixed: Fixed,
}

/// What a profile is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum For {
    /// The network card of this name.
    Device(String),
    /// The network card with this hardware address, in lower case.
    HardwareAddress(String),
    /// Any network card that no other profile is for.
    AnyCable,
    /// A radio: that of this name, or any.
    Radio(Option<String>),
}

/// What must be so whatever a network says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fixed {
    /// Addresses with their networks.
    pub addresses: Vec<IpNet>,
    /// Routes, and the gateways that they lead over.
    pub routes: Vec<(IpNet, Option<IpAddr>)>,
    /// Name servers.
    pub name_servers: Vec<IpAddr>,
}

/// A device as NetworkManager has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Device {
    name: String,
    kind: Kind,
    state: State,
    hardware_address: String,
    /// The profile that it runs by.
    profile: Option<String>,
    /// Profiles that it could run by here and now.
    available: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Cable,
    Radio,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Not NetworkManager's, or without cable or radio network.
    Unusable,
    /// On the way up or down, or down.
    Waiting,
    /// With an address.
    Up,
}

/// What is in force on a device.
#[derive(Debug, Clone, PartialEq, Eq)]
struct InForce {
    profile: Option<String>,
    state: State,
    fixed: Fixed,
}

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
