//! What NetworkManager has.

use super::profile::Fixed;

/// A device as NetworkManager has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Device {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) state: State,
    pub(super) hardware_address: String,
    /// The profile that it runs by.
    pub(super) profile: Option<String>,
    /// Profiles that it could run by here and now.
    pub(super) available: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Cable,
    Radio,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Not NetworkManager's, or without cable or radio network.
    Unusable,
    /// On the way up or down, or down.
    Waiting,
    /// With an address.
    Up,
}

/// What is in force on a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InForce {
    pub(super) profile: Option<String>,
    pub(super) state: State,
    pub(super) fixed: Fixed,
}
