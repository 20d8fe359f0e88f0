//! A node that was carried to another network than the one it is configured for.

use super::manager::{Card, Gives, Manager};
use super::running::Running;
use init_api::{Root, paths};
use node_setup::last_resort::watch;
use os_config::parse_config;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

const HEADING: &str = "IP address HW type Flags HW address Mask Device\n";
const GATEWAY: &str = "10.0.0.1 0x1 0x2 52:55:0a:00:02:02 * eth0\n";
const SILENT: &str = "10.0.0.1 0x1 0x0 00:00:00:00:00:00 * eth0\n";

fn gives(addresses: &'static [(&'static str, u32)]) -> Gives {
    Gives {
        addresses,
        gateway: None,
        servers: &[],
        state: 100,
    }
}

#[test]
fn it_is_reached_by_dhcp_until_it_is_back() {
    let own = gives(&[("10.0.0.20", 24)]);
    let manager = Running::start(Manager {
        on_disk: Vec::new(),
        profiles: vec!["holdfast-eth0", "holdfast-last-resort-eth0"],
        cards: vec![Card {
            name: "eth0",
            state: 100,
            active: Some("holdfast-eth0"),
            has: own.clone(),
        }],
        gives: BTreeMap::from([
            ("holdfast-eth0", own),
            (
                "holdfast-last-resort-eth0",
                gives(&[("10.0.0.20", 24), ("192.168.7.31", 24)]),
            ),
        ]),
        asked: Vec::new(),
    });
    let folder = tempfile::tempdir().unwrap();
    let root = Root::new(folder.path());
    for (path, text) in [
        ("/proc/net/arp", format!("{HEADING}{GATEWAY}")),
        ("/sys/class/net/eth0/carrier", "1\n".to_owned()),
        (paths::LAST_RESORT, "of a watch before\n".to_owned()),
    ] {
        let path = root.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let text = "version: 1\nnetwork: {interfaces: [{name: eth0, addresses: [10.0.0.20/24], gateway: 10.0.0.1}]}\n";
    let config = parse_config("config.yaml", text.as_bytes()).unwrap();

    let (now, was_told) = (Cell::new(0), Cell::new(false));
    let told = || fs::read_to_string(root.path(paths::LAST_RESORT)).unwrap_or_default();
    let pause = |pause: Duration| {
        now.set(now.get() + pause.as_secs());
        let arp = |line: &str| fs::write(root.path("/proc/net/arp"), format!("{HEADING}{line}"));
        let said = told();
        match (now.get(), was_told.get()) {
            (30, _) => assert_eq!(said, "", "a watch before this one has said something"),
            (60, _) => arp(SILENT).unwrap(),
            (at, _) if at < 270 => assert_eq!(said, "", "after {at} s"),
            (at, false) if said.is_empty() => assert!(at < 600, "nothing is told after {at} s"),
            (_, false) => {
                assert!(said.contains("10.0.0.20/24 reaches nobody"), "{said}");
                // First: the console cuts what is long.
                assert!(
                    said.starts_with("the node can be reached at 192.168.7.31"),
                    "{said}"
                );
                arp(GATEWAY).unwrap();
                was_told.set(true);
            }
            (at, true) => {
                assert!(at < 900, "still told after {at} s");
                return !said.is_empty();
            }
        }
        true
    };
    let clock = || Duration::from_secs(now.get());
    watch(&root, &config.network, manager.address(), clock, pause).unwrap();
    assert_eq!(
        manager.asked(),
        ["eth0: holdfast-last-resort-eth0", "eth0: holdfast-eth0"]
    );
}
