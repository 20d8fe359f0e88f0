//! What does not work and stops nothing is told, and without secrets.

use crate::node::{GOOD, TestNode};
use node_setup::{Outcome, StoredUrl, UrlCopy};

#[test]
fn a_time_zone_that_the_image_lacks_is_told() {
    let node = TestNode::new(&format!("{GOOD}timezone: US/Pacific\n"));
    assert_eq!(node.configure(), Outcome::Applied);
    let told = "timezone: this image does not know US/Pacific; the time is UTC".to_owned();
    assert!(node.warnings().contains(&told), "{:?}", node.warnings());
    node.write("usr/share/zoneinfo/US/Pacific", "TZif");
    node.configure();
    assert!(!node.warnings().contains(&told));
}

#[test]
fn the_login_in_an_address_is_not_told() {
    let url = "https://me:secret@config.example/node.yaml";
    let node = TestNode::new(&format!("{GOOD}config_url: '{url}'\n"));
    node.configure();
    let copy = UrlCopy {
        signatures: None,
        url: url.to_owned(),
        text: b"version: 1\n".to_vec(),
    };
    let report = || node.read("run/holdfast/configured.json");
    assert!(report().contains("config.example/node.yaml has not been fetched yet"));
    assert!(!report().contains("secret"), "{}", report());
    StoredUrl::new(&node.root).store(&copy).unwrap();
    node.configure();
    assert!(
        report().contains("config.example/node.yaml"),
        "{}",
        report()
    );
    assert!(!report().contains("secret"), "{}", report());
}

#[test]
fn what_does_not_work_and_does_not_stop_the_node_is_told() {
    let mut node = TestNode::new(&format!(
        "{GOOD}modules: [no_such]\nsysctls: {{no.such.key: 1}}\nboot_commands: [\"false\"]\nconfig_url: https://a.example/b.yaml\n"
    ));
    node.machine.fails = Some("user: /bin/bash -c false");
    assert_eq!(node.configure(), Outcome::Applied);
    let failed = node.configured().failed.join("\n");
    for expected in [
        "could not set the kernel parameter no.such.key to `1`",
        "could not run boot_commands[0]: it did not work",
    ] {
        assert!(failed.contains(expected), "{expected}: {failed}");
    }
    // What comes later is no failure of the file.
    let warnings = node.configured().warnings.join("\n");
    assert!(
        warnings.contains("has not been fetched yet") && !failed.contains("fetched"),
        "{warnings}"
    );
}

#[test]
fn the_interfaces_that_are_to_be_there_are_told_in_maintenance_too() {
    let network = "network:
  interfaces: [{name: eth0, mtu: 1400}, {match: {mac: '52:54:00:AB:00:01'}}]
  wifi: [{name: x, interface: wlan1}, {name: y}]\n";
    for maintenance in [false, true] {
        let node = TestNode::new(&format!("{GOOD}{network}"));
        if maintenance {
            assert_eq!(node.configure(), Outcome::Applied);
            node.boot_again();
            node.write("proc/cmdline", "quiet holdfast.maintenance\n");
        }
        node.configure();
        let wanted = node.configured().interfaces.into_iter();
        let wanted: Vec<String> = wanted
            .map(|one| format!("{} {:?}", one.key, one.by))
            .collect();
        assert_eq!(
            wanted,
            [
                "network.interfaces[0].name Name(\"eth0\")",
                "network.interfaces[1].match.mac Mac(\"52:54:00:ab:00:01\")",
                "network.wifi[0].interface Name(\"wlan1\")",
            ],
            "in maintenance mode: {maintenance}"
        );
    }
}
