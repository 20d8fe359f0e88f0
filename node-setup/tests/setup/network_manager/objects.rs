//! NetworkManager's objects on the bus.

use super::manager::{Gives, Shared, locked};
use std::collections::HashMap;
use std::sync::Arc;
use zbus::{Connection, ObjectPath, OwnedObjectPath, OwnedVariant, Variant, interface};

/// The object of NetworkManager itself; all others are below.
pub(super) const ROOT: &str = "/org/freedesktop/NetworkManager";
const NOTHING: &str = "/";

pub(super) fn path(kind: &str, index: usize) -> OwnedObjectPath {
    OwnedObjectPath::try_from(format!("{ROOT}/{kind}/{index}")).unwrap()
}

fn index(path: &ObjectPath<'_>) -> usize {
    path.rsplit('/').next().unwrap().parse().unwrap()
}

fn nothing() -> OwnedObjectPath {
    OwnedObjectPath::try_from(NOTHING).unwrap()
}

type Properties = HashMap<String, OwnedVariant>;

fn text(value: &str) -> OwnedVariant {
    OwnedVariant::try_from(Variant::from(value.to_owned())).unwrap()
}

pub(super) struct ManagerObject(pub(super) Shared);

#[interface(name = "org.freedesktop.NetworkManager")]
impl ManagerObject {
    fn get_devices(&self) -> Vec<OwnedObjectPath> {
        (0..locked(&self.0).cards.len())
            .map(|at| path("Devices", at))
            .collect()
    }

    async fn activate_connection(
        &self,
        profile: OwnedObjectPath,
        device: OwnedObjectPath,
        _object: OwnedObjectPath,
        #[zbus(connection)] connection: &Connection,
    ) -> zbus::fdo::Result<OwnedObjectPath> {
        let at = index(&device);
        {
            let mut manager = locked(&self.0);
            let profile = manager.profiles[index(&profile)];
            let name = manager.cards[at].name;
            manager.asked.push(format!("{name}: {profile}"));
            if profile == "holdfast-refused" {
                return Err(zbus::fdo::Error::Failed("no such secret".to_owned()));
            }
            let card = &mut manager.cards[at];
            card.active = Some(profile);
            // On its way: nothing of the old, nothing of the new.
            card.state = 70;
            card.has = Gives::default();
        }
        let (shared, connection) = (Arc::clone(&self.0), connection.clone());
        // Later than the answer, as it is.
        tokio::spawn(async move {
            {
                let mut manager = locked(&shared);
                let gives = manager.cards[at].active;
                let gives = gives.and_then(|name| manager.gives.get(name)).cloned();
                let gives = gives.unwrap_or_default();
                let card = &mut manager.cards[at];
                card.state = gives.state;
                card.has = gives;
            }
            let changed: Properties = HashMap::new();
            let body = (
                "org.freedesktop.NetworkManager.Device",
                changed,
                vec!["State"],
            );
            let none: Option<&str> = None;
            connection
                .emit_signal(
                    none,
                    device.as_str(),
                    "org.freedesktop.DBus.Properties",
                    "PropertiesChanged",
                    &body,
                )
                .await
                .unwrap();
        });
        Ok(path("ActiveConnection", at))
    }
}

pub(super) struct SettingsObject(pub(super) Shared);

#[interface(name = "org.freedesktop.NetworkManager.Settings")]
impl SettingsObject {
    fn reload_connections(&self) -> bool {
        let mut manager = locked(&self.0);
        manager.profiles = manager.on_disk.clone();
        true
    }

    fn list_connections(&self) -> Vec<OwnedObjectPath> {
        (0..locked(&self.0).profiles.len())
            .map(|at| path("Settings", at))
            .collect()
    }
}

pub(super) struct ProfileObject(pub(super) Shared, pub(super) usize);

#[interface(name = "org.freedesktop.NetworkManager.Settings.Connection")]
impl ProfileObject {
    fn get_settings(&self) -> HashMap<String, Properties> {
        let id = locked(&self.0).profiles[self.1];
        let section = HashMap::from([("id".to_owned(), text(id))]);
        HashMap::from([("connection".to_owned(), section)])
    }
}

pub(super) struct DeviceObject(pub(super) Shared, pub(super) usize);

#[interface(name = "org.freedesktop.NetworkManager.Device")]
impl DeviceObject {
    #[zbus(property)]
    fn interface(&self) -> String {
        locked(&self.0).cards[self.1].name.to_owned()
    }

    #[zbus(property)]
    fn device_type(&self) -> u32 {
        1
    }

    #[zbus(property)]
    fn state(&self) -> u32 {
        locked(&self.0).cards[self.1].state
    }

    #[zbus(property)]
    fn available_connections(&self) -> Vec<OwnedObjectPath> {
        Vec::new()
    }

    #[zbus(property)]
    fn active_connection(&self) -> OwnedObjectPath {
        match locked(&self.0).cards[self.1].active {
            Some(_) => path("ActiveConnection", self.1),
            None => nothing(),
        }
    }

    #[zbus(property)]
    fn ip4_config(&self) -> OwnedObjectPath {
        path("IP4Config", self.1)
    }

    #[zbus(property)]
    fn ip6_config(&self) -> OwnedObjectPath {
        path("IP6Config", self.1)
    }
}

pub(super) struct WiredObject(pub(super) usize);

#[interface(name = "org.freedesktop.NetworkManager.Device.Wired")]
impl WiredObject {
    #[zbus(property)]
    fn perm_hw_address(&self) -> String {
        format!("52:54:00:00:00:0{}", self.0)
    }
}

pub(super) struct ActiveObject(pub(super) Shared, pub(super) usize);

#[interface(name = "org.freedesktop.NetworkManager.Connection.Active")]
impl ActiveObject {
    #[zbus(property)]
    fn id(&self) -> String {
        let active = locked(&self.0).cards[self.1].active;
        active.unwrap_or_default().to_owned()
    }
}

fn number(value: u32) -> OwnedVariant {
    OwnedVariant::try_from(Variant::from(value)).unwrap()
}

fn addresses(has: &Gives, is_ipv4: bool) -> Vec<Properties> {
    let of_family = has
        .addresses
        .iter()
        .filter(|(address, _)| address.contains('.') == is_ipv4);
    of_family
        .map(|(address, prefix)| {
            HashMap::from([
                ("address".to_owned(), text(address)),
                ("prefix".to_owned(), number(*prefix)),
            ])
        })
        .collect()
}

pub(super) struct Ip4Object(pub(super) Shared, pub(super) usize);

#[interface(name = "org.freedesktop.NetworkManager.IP4Config")]
impl Ip4Object {
    #[zbus(property)]
    fn address_data(&self) -> Vec<Properties> {
        addresses(&locked(&self.0).cards[self.1].has, true)
    }

    #[zbus(property)]
    fn route_data(&self) -> Vec<Properties> {
        let gateway = locked(&self.0).cards[self.1].has.gateway;
        let route = gateway.map(|gateway| {
            HashMap::from([
                ("dest".to_owned(), text("0.0.0.0")),
                ("prefix".to_owned(), number(0)),
                ("next-hop".to_owned(), text(gateway)),
            ])
        });
        route.into_iter().collect()
    }

    #[zbus(property)]
    fn nameserver_data(&self) -> Vec<Properties> {
        let servers = locked(&self.0).cards[self.1].has.servers;
        servers
            .iter()
            .filter(|server| server.contains('.'))
            .map(|server| HashMap::from([("address".to_owned(), text(server))]))
            .collect()
    }
}

pub(super) struct Ip6Object(pub(super) Shared, pub(super) usize);

#[interface(name = "org.freedesktop.NetworkManager.IP6Config")]
impl Ip6Object {
    #[zbus(property)]
    fn address_data(&self) -> Vec<Properties> {
        addresses(&locked(&self.0).cards[self.1].has, false)
    }

    #[zbus(property)]
    fn route_data(&self) -> Vec<Properties> {
        Vec::new()
    }

    #[zbus(property)]
    fn nameservers(&self) -> Vec<Vec<u8>> {
        let servers = locked(&self.0).cards[self.1].has.servers;
        let bytes = |server: &&str| Some(server.parse::<std::net::Ipv6Addr>().ok()?.octets());
        servers
            .iter()
            .filter_map(bytes)
            .map(|bytes| bytes.to_vec())
            .collect()
    }
}
