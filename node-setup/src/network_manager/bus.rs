//! NetworkManager's objects on the bus (its D-Bus API, version 1.0 of the interfaces).

use super::device::{Device, InForce, Kind, State};
use super::profile::Fixed;
use futures_util::StreamExt;
use ipnet::IpNet;
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;
use zbus::connection::Builder;
use zbus::message::Type;
use zbus::proxy::CacheProperties;
use zbus::{
    Connection, MatchRule, MessageStream, ObjectPath, OwnedObjectPath, OwnedVariant, Proxy,
};

const NAME: &str = "org.freedesktop.NetworkManager";
const MANAGER: &str = "/org/freedesktop/NetworkManager";
const SETTINGS: &str = "/org/freedesktop/NetworkManager/Settings";
/// No object.
const NOTHING: &str = "/";
/// How long NetworkManager has for an answer.
const ANSWER: Duration = Duration::from_secs(10);

/// A connection to the bus.
pub(super) struct Bus {
    connection: Connection,
}

/// Properties that change.
pub(super) struct Changes(MessageStream);

impl Changes {
    /// Waits for the next change of anything.
    pub(super) async fn next(&mut self) {
        if self.0.next().await.is_none() {
            // The bus is gone: nothing will change any more.
            std::future::pending::<()>().await;
        }
    }
}

type Properties = HashMap<String, OwnedVariant>;

impl Bus {
    pub(super) async fn connect(address: &str) -> zbus::Result<Bus> {
        let builder = Builder::address(address).method_timeout(ANSWER);
        let connection = builder.build().await?;
        Ok(Bus { connection })
    }

    pub(super) async fn changes(&self) -> zbus::Result<Changes> {
        let rule = MatchRule::builder()
            .msg_type(Type::Signal)
            .sender(NAME)
            .interface("org.freedesktop.DBus.Properties")
            .build()?;
        let stream = MessageStream::for_match_rule(rule, &self.connection, None).await?;
        Ok(Changes(stream))
    }

    pub(super) async fn reload_profiles(&self) -> zbus::Result<()> {
        let settings = self.object(SETTINGS, "Settings").await?;
        let _: bool = settings.call("ReloadConnections", &()).await?;
        Ok(())
    }

    /// Profiles by their ids.
    pub(super) async fn profiles(&self) -> zbus::Result<BTreeMap<String, OwnedObjectPath>> {
        let settings = self.object(SETTINGS, "Settings").await?;
        let paths: Vec<OwnedObjectPath> = settings.call("ListConnections", &()).await?;
        let mut profiles = BTreeMap::new();
        for path in paths {
            let connection = self.object(path.as_str(), "Settings.Connection").await?;
            let mut settings: HashMap<String, Properties> =
                connection.call("GetSettings", &()).await?;
            let id = settings.remove("connection");
            let id = id.and_then(|mut section| section.remove("id"));
            if let Some(id) = id {
                profiles.insert(String::try_from(id)?, path);
            }
        }
        Ok(profiles)
    }

    pub(super) async fn devices(
        &self,
        profiles: &BTreeMap<String, OwnedObjectPath>,
    ) -> zbus::Result<Vec<(OwnedObjectPath, Device)>> {
        let manager = self.manager().await?;
        let paths: Vec<OwnedObjectPath> = manager.call("GetDevices", &()).await?;
        let mut devices = Vec::new();
        for path in paths {
            let device = self.device(&path, profiles).await?;
            devices.push((path, device));
        }
        Ok(devices)
    }

    /// The device of this name.
    pub(super) async fn device_called(&self, name: &str) -> zbus::Result<Option<OwnedObjectPath>> {
        let manager = self.manager().await?;
        let paths: Vec<OwnedObjectPath> = manager.call("GetDevices", &()).await?;
        for path in paths {
            let device = self.object(path.as_str(), "Device").await?;
            let is: String = device.get_property("Interface").await?;
            if is == name {
                return Ok(Some(path));
            }
        }
        Ok(None)
    }

    async fn device(
        &self,
        path: &OwnedObjectPath,
        profiles: &BTreeMap<String, OwnedObjectPath>,
    ) -> zbus::Result<Device> {
        let device = self.object(path.as_str(), "Device").await?;
        let available: Vec<OwnedObjectPath> = device.get_property("AvailableConnections").await?;
        let available = profiles
            .iter()
            .filter(|(_, path)| available.contains(path))
            .map(|(name, _)| name.clone());
        let kind = match device.get_property("DeviceType").await? {
            1_u32 => Kind::Cable,
            2 => Kind::Radio,
            _ => Kind::Other,
        };
        let hardware_address: String = match kind {
            // A profile means the address that the card was made with.
            Kind::Cable => {
                let wired = self.object(path.as_str(), "Device.Wired").await?;
                wired.get_property("PermHwAddress").await?
            }
            Kind::Radio | Kind::Other => device.get_property("HwAddress").await?,
        };
        Ok(Device {
            name: device.get_property("Interface").await?,
            kind,
            state: state(device.get_property("State").await?),
            hardware_address: hardware_address.to_ascii_lowercase(),
            profile: self.profile_of(&device).await?,
            available: available.collect(),
        })
    }

    async fn profile_of(&self, device: &Proxy<'_>) -> zbus::Result<Option<String>> {
        let active: OwnedObjectPath = device.get_property("ActiveConnection").await?;
        if active.as_str() == NOTHING {
            return Ok(None);
        }
        let active = self.object(active.as_str(), "Connection.Active").await?;
        // It may be gone by now.
        Ok(active.get_property("Id").await.ok())
    }

    /// Gives a device this profile and no other.
    pub(super) async fn activate(
        &self,
        profile: &OwnedObjectPath,
        device: &OwnedObjectPath,
    ) -> zbus::Result<()> {
        let manager = self.manager().await?;
        let nothing = ObjectPath::try_from(NOTHING)?;
        let arguments = (profile, device, nothing);
        let _: OwnedObjectPath = manager.call("ActivateConnection", &arguments).await?;
        Ok(())
    }

    pub(super) async fn in_force(&self, path: &OwnedObjectPath) -> zbus::Result<InForce> {
        let device = self.object(path.as_str(), "Device").await?;
        let mut fixed = Fixed::default();
        for property in ["Ip4Config", "Ip6Config"] {
            let config: OwnedObjectPath = device.get_property(property).await?;
            if config.as_str() != NOTHING {
                self.add_config(&config, property == "Ip4Config", &mut fixed)
                    .await?;
            }
        }
        Ok(InForce {
            profile: self.profile_of(&device).await?,
            state: state(device.get_property("State").await?),
            fixed,
        })
    }

    async fn add_config(
        &self,
        path: &OwnedObjectPath,
        is_ipv4: bool,
        fixed: &mut Fixed,
    ) -> zbus::Result<()> {
        let interface = if is_ipv4 { "IP4Config" } else { "IP6Config" };
        let config = self.object(path.as_str(), interface).await?;
        let addresses: Vec<Properties> = config.get_property("AddressData").await?;
        let addresses = addresses.iter().filter_map(|it| net(it, "address"));
        fixed.addresses.extend(addresses);
        let routes: Vec<Properties> = config.get_property("RouteData").await?;
        let route = |it: &Properties| Some((net(it, "dest")?, address(it, "next-hop")));
        fixed.routes.extend(routes.iter().filter_map(route));
        // Only the data of IPv4 has a form for people.
        if is_ipv4 {
            let servers: Vec<Properties> = config.get_property("NameserverData").await?;
            let servers = servers.iter().filter_map(|it| address(it, "address"));
            fixed.name_servers.extend(servers);
        } else {
            let servers: Vec<Vec<u8>> = config.get_property("Nameservers").await?;
            let server = |it: Vec<u8>| <[u8; 16]>::try_from(it).ok();
            let servers = servers.into_iter().filter_map(server);
            let servers = servers.map(|bytes| IpAddr::V6(Ipv6Addr::from(bytes)));
            fixed.name_servers.extend(servers);
        }
        Ok(())
    }

    async fn manager(&self) -> zbus::Result<Proxy<'static>> {
        zbus::proxy::Builder::new(&self.connection)
            .destination(NAME)
            .path(MANAGER)
            .interface(NAME)
            .cache_properties(CacheProperties::No)
            .build()
            .await
    }

    /// An object by one of its interfaces, the name of which begins as NetworkManager's own.
    async fn object(&self, path: &str, interface: &str) -> zbus::Result<Proxy<'static>> {
        zbus::proxy::Builder::new(&self.connection)
            .destination(NAME)
            .path(path.to_owned())
            .interface(format!("{NAME}.{interface}"))
            .cache_properties(CacheProperties::No)
            .build()
            .await
    }
}

/// `NMDeviceState`: up to 20 nothing can be done with it, 100 is activated.
fn state(state: u32) -> State {
    match state {
        0..=20 => State::Unusable,
        100 => State::Up,
        _ => State::Waiting,
    }
}

fn net(properties: &Properties, name: &str) -> Option<IpNet> {
    let prefix = u32::try_from(properties.get("prefix")?).ok()?;
    IpNet::new(address(properties, name)?, u8::try_from(prefix).ok()?).ok()
}

fn address(properties: &Properties, name: &str) -> Option<IpAddr> {
    let text = <&str>::try_from(properties.get(name)?).ok()?;
    text.parse().ok()
}
