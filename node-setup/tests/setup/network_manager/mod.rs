//! Profiles that change on a running node, against a NetworkManager that is ours, on a bus that is dbus-daemon's.

mod bus;
mod last_resort;
mod manager;
mod objects;
mod running;

use bus::PrivateBus;
use manager::{Card, Gives, Manager};
use node_setup::{Change, Fixed, For, Profile, bring_in_line};
use running::{PATIENCE, Running};
use std::collections::BTreeMap;
use std::time::Duration;

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
        .bring_in_line_within(Duration::from_secs(5), &["holdfast-eth0"], wanted())
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
