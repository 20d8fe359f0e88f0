//! What our NetworkManager knows, and what it was asked for.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// What a profile gives a device: addresses with their prefixes, the gateway, name servers.
#[derive(Clone, Default)]
pub(super) struct Gives {
    pub(super) addresses: &'static [(&'static str, u32)],
    pub(super) gateway: Option<&'static str>,
    pub(super) servers: &'static [&'static str],
    /// `NMDeviceState`.
    pub(super) state: u32,
}

pub(super) struct Card {
    pub(super) name: &'static str,
    pub(super) state: u32,
    pub(super) active: Option<&'static str>,
    pub(super) has: Gives,
}

/// What our NetworkManager knows and was asked.
#[derive(Default)]
pub(super) struct Manager {
    /// In the folder of profiles: taken at the next reload.
    pub(super) on_disk: Vec<&'static str>,
    pub(super) profiles: Vec<&'static str>,
    pub(super) cards: Vec<Card>,
    pub(super) gives: BTreeMap<&'static str, Gives>,
    pub(super) asked: Vec<String>,
}

pub(super) type Shared = Arc<Mutex<Manager>>;

pub(super) fn locked(shared: &Shared) -> MutexGuard<'_, Manager> {
    shared.lock().unwrap()
}
