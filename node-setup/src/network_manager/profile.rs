//! What is wanted of NetworkManager.

use ipnet::IpNet;
use std::net::IpAddr;

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
