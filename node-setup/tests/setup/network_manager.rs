//! Profiles that change on a running node, against a NetworkManager that is ours, on a bus that is dbus-daemon's.

use node_setup::{Change, Fixed, For, Profile, bring_in_line};
use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;
use zbus::{Connection, ObjectPath, OwnedObjectPath, OwnedVariant, Variant, interface};

const ROOT: &str = "/org/freedesktop/NetworkManager";
const NOTHING: &str = "/";
/// Much more than ours takes, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(5);

/// A bus of this test alone.
struct PrivateBus {
    daemon: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl PrivateBus {
    fn start() -> PrivateBus {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("bus.conf");
        let text = format!(
            "<busconfig><type>custom</type><listen>unix:dir={}</listen><auth>EXTERNAL</auth><policy context='default'>\
             <allow send_destination='*' eavesdrop='true'/><allow eavesdrop='true'/><allow own='*'/></policy></busconfig>",
            folder.path().display()
        );
        std::fs::write(&config, text).unwrap();
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--print-address"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon is missing: run tools/setup");
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        PrivateBus {
            daemon,
            address: address.trim().to_owned(),
            _folder: folder,
        }
    }
}

impl Drop for PrivateBus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// What a profile gives a device: addresses with their prefixes, the gateway, name servers.
#[derive(Clone, Default)]
struct Gives {
    addresses: &'static [(&'static str, u32)],
    gateway: Option<&'static str>,
    servers: &'static [&'static str],
    /// `NMDeviceState`.
    state: u32,
}

struct Card {
    name: &'static str,
    state: u32,
    active: Option<&'static str>,
    has: Gives,
}

/// What our NetworkManager knows and was asked.
#[derive(Default)]
struct Manager {
    /// In the folder of profiles: taken at the next reload.
    on_disk: Vec<&'static str>,
    profiles: Vec<&'static str>,
    cards: Vec<Card>,
    gives: BTreeMap<&'static str, Gives>,
    asked: Vec<String>,
}

type Shared = Arc<Mutex<Manager>>;

fn locked(shared: &Shared) -> MutexGuard<'_, Manager> {
    shared.lock().unwrap()
}

fn path(kind: &str, index: usize) -> OwnedObjectPath {
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

struct ManagerObject(Shared);

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

struct SettingsObject(Shared);

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

struct ProfileObject(Shared, usize);

#[interface(name = "org.freedesktop.NetworkManager.Settings.Connection")]
impl ProfileObject {
    fn get_settings(&self) -> HashMap<String, Properties> {
        let id = locked(&self.0).profiles[self.1];
        let section = HashMap::from([("id".to_owned(), text(id))]);
        HashMap::from([("connection".to_owned(), section)])
    }
}

struct DeviceObject(Shared, usize);

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

struct WiredObject(usize);

#[interface(name = "org.freedesktop.NetworkManager.Device.Wired")]
impl WiredObject {
    #[zbus(property)]
    fn perm_hw_address(&self) -> String {
        format!("52:54:00:00:00:0{}", self.0)
    }
}

struct ActiveObject(Shared, usize);

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

struct Ip4Object(Shared, usize);

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

struct Ip6Object(Shared, usize);

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

/// Our NetworkManager, on a bus of its own.
struct Running {
    bus: PrivateBus,
    shared: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start(manager: Manager) -> Running {
        let bus = PrivateBus::start();
        let shared: Shared = Arc::new(Mutex::new(manager));
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let (address, ours) = (bus.address.clone(), Arc::clone(&shared));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let connection = serve(&address, ours).await.unwrap();
                ready.send(()).unwrap();
                let _ = stopped.await;
                drop(connection);
            });
        });
        is_ready.recv().expect("it is on the bus");
        Running {
            bus,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    fn bring_in_line(&self, changed: &[&str], profiles: Vec<Profile>) -> Result<(), String> {
        let change = Change {
            changed: changed.iter().map(ToString::to_string).collect(),
            profiles,
        };
        bring_in_line(&change, &self.bus.address, PATIENCE).map_err(|error| error.to_string())
    }

    fn asked(&self) -> Vec<String> {
        locked(&self.shared).asked.clone()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(address: &str, shared: Shared) -> zbus::Result<Connection> {
    let connection = zbus::connection::Builder::address(address).build().await?;
    let (cards, profiles) = {
        let manager = locked(&shared);
        let profiles = manager.on_disk.len().max(manager.profiles.len());
        (manager.cards.len(), profiles)
    };
    let of = || Arc::clone(&shared);
    let server = connection.object_server();
    server.at(ROOT, ManagerObject(of())).await?;
    let settings = format!("{ROOT}/Settings");
    server.at(settings, SettingsObject(of())).await?;
    for at in 0..profiles {
        let profile = ProfileObject(of(), at);
        server.at(path("Settings", at), profile).await?;
    }
    for at in 0..cards {
        let device = path("Devices", at);
        server.at(device.clone(), DeviceObject(of(), at)).await?;
        server.at(device, WiredObject(at)).await?;
        let active = ActiveObject(of(), at);
        server.at(path("ActiveConnection", at), active).await?;
        server
            .at(path("IP4Config", at), Ip4Object(of(), at))
            .await?;
        server
            .at(path("IP6Config", at), Ip6Object(of(), at))
            .await?;
    }
    connection
        .request_name("org.freedesktop.NetworkManager")
        .await?;
    Ok(connection)
}

const OLD: Gives = Gives {
    addresses: &[("10.0.2.15", 24)],
    gateway: Some("10.0.2.2"),
    servers: &["10.0.2.3"],
    state: 100,
};

fn card(name: &'static str, active: Option<&'static str>) -> Card {
    Card {
        name,
        state: if active.is_some() { 100 } else { 30 },
        active,
        has: OLD,
    }
}

fn profile(name: &str, device: For, fixed: Fixed) -> Profile {
    Profile {
        name: name.to_owned(),
        device,
        fixed,
    }
}

/// The profile of eth0 with a fixed address, and the one for all others.
fn wanted() -> Vec<Profile> {
    let fixed = Fixed {
        addresses: vec![
            "10.0.2.20/24".parse().unwrap(),
            "2001:db8::20/64".parse().unwrap(),
        ],
        routes: vec![(
            "0.0.0.0/0".parse().unwrap(),
            Some("10.0.2.2".parse().unwrap()),
        )],
        name_servers: vec!["9.9.9.9".parse().unwrap(), "2620:fe::fe".parse().unwrap()],
    };
    vec![
        profile("holdfast-eth0", For::Device("eth0".to_owned()), fixed),
        profile("holdfast-default", For::AnyCable, Fixed::default()),
    ]
}

/// A DHCP node with two cards; its eth0 gets a profile of its own, which gives it this.
fn before(gives: Gives) -> Manager {
    Manager {
        on_disk: vec!["holdfast-default", "holdfast-eth0"],
        profiles: vec!["holdfast-default"],
        cards: vec![
            card("eth0", Some("holdfast-default")),
            card("eth1", Some("holdfast-default")),
        ],
        gives: BTreeMap::from([("holdfast-eth0", gives), ("holdfast-default", OLD)]),
        asked: Vec::new(),
    }
}

const NEW: Gives = Gives {
    addresses: &[("10.0.2.20", 24), ("2001:db8::20", 64)],
    gateway: Some("10.0.2.2"),
    servers: &["9.9.9.9", "2620:fe::fe"],
    state: 100,
};

#[test]
fn a_new_address_is_in_force_by_its_own_profile_and_nothing_else_is_touched() {
    let manager = Running::start(before(NEW));
    assert_eq!(manager.bring_in_line(&["holdfast-eth0"], wanted()), Ok(()));
    assert_eq!(manager.asked(), ["eth0: holdfast-eth0"]);
}

#[test]
fn back_to_dhcp_when_the_profile_is_gone() {
    let mut state = before(NEW);
    state.on_disk = vec!["holdfast-default"];
    state.profiles = vec!["holdfast-default", "holdfast-eth0"];
    state.cards[0].active = Some("holdfast-eth0");
    let manager = Running::start(state);
    let profiles = wanted().split_off(1);
    assert_eq!(manager.bring_in_line(&["holdfast-eth0"], profiles), Ok(()));
    assert_eq!(manager.asked(), ["eth0: holdfast-default"]);
}

#[test]
fn a_profile_that_is_not_taken_is_told() {
    let mut state = before(NEW);
    state.on_disk = vec!["holdfast-default"];
    let manager = Running::start(state);
    let said = manager
        .bring_in_line(&["holdfast-eth0"], wanted())
        .unwrap_err();
    assert_eq!(
        said,
        "eth0: NetworkManager does not take the profile holdfast-eth0"
    );
    assert_eq!(manager.asked(), [""; 0]);
}

#[test]
fn a_profile_that_cannot_be_activated_is_told() {
    let mut state = before(NEW);
    state.on_disk = vec!["holdfast-default", "holdfast-refused"];
    let manager = Running::start(state);
    let profiles = vec![profile(
        "holdfast-refused",
        For::HardwareAddress("52:54:00:00:00:01".to_owned()),
        Fixed::default(),
    )];
    let said = manager
        .bring_in_line(&["holdfast-refused"], profiles)
        .unwrap_err();
    assert!(
        said.starts_with("eth1: the profile holdfast-refused cannot be activated: ")
            && said.contains("no such secret"),
        "{said}"
    );
}

#[test]
fn what_is_not_in_force_in_time_is_told() {
    let manager = Running::start(before(OLD));
    let said = manager
        .bring_in_line(&["holdfast-eth0"], wanted())
        .unwrap_err();
    assert_eq!(
        said,
        "eth0 does not have the address 10.0.2.20/24; it has 10.0.2.15/24; \
         eth0 does not have the address 2001:db8::20/64; it has 10.0.2.15/24; \
         eth0 does not use the name server 9.9.9.9; it uses 10.0.2.3; \
         eth0 does not use the name server 2620:fe::fe; it uses 10.0.2.3"
    );
}

#[test]
fn no_network_manager_is_told() {
    let bus = PrivateBus::start();
    let change = Change {
        changed: vec!["holdfast-default".to_owned()],
        profiles: wanted(),
    };
    let said = bring_in_line(&change, &bus.address, PATIENCE)
        .unwrap_err()
        .to_string();
    assert!(said.starts_with("NetworkManager, over D-Bus: "), "{said}");
}
