//! `holdfast node configure` on a node in a temporary directory: a configuration that is right.

use crate::node::{GOOD, TestNode, problem, services};
use node_setup::Outcome;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_good_configuration() {
    let node = TestNode::new(GOOD);
    assert_eq!(node.configure(), Outcome::Applied);
    assert_eq!(node.read("etc/hostname"), "edge-1\n");
    assert!(
        node.read("etc/ssh/authorized_keys.d/root")
            .contains(" me\n")
    );
    assert_eq!(
        node.read("var/lib/holdfast/ssh/ssh_host_ed25519_key"),
        "private\n"
    );
    assert_eq!(node.read("proc/sys/vm/overcommit_memory"), "1");
    assert!(
        node.read("var/lib/holdfast/config/last-good/0.1.0.yaml")
            .contains("edge-1")
    );
    assert!(services(&node).contains(&"control-plane".to_owned()));
    assert!(!node.exists("run/holdfast/problem.json"));
    let private = [
        "config.json",
        "configured.json",
        "services.json",
        "settings.json",
    ];
    for name in private {
        let path = node.directory.path().join("run/holdfast").join(name);
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name} may hold secrets");
    }
}

#[test]
fn a_second_run_makes_no_new_host_key() {
    let node = TestNode::new(GOOD);
    node.configure();
    node.machine.asked.borrow_mut().clear();
    assert_eq!(node.configure(), Outcome::Applied);
    let asked = node.machine.asked.borrow();
    assert!(
        !asked.iter().any(|line| line.contains("ssh-keygen")),
        "{asked:?}"
    );
}

#[test]
fn a_mended_configuration_reaches_services_that_maintenance_started() {
    let node = TestNode::new("hostname: [\n");
    problem(node.configure());
    let reloads = || {
        let asked = node.machine.asked.borrow();
        let reloads = asked.iter().filter_map(|line| line.strip_prefix("reload "));
        let mut reloads: Vec<String> = reloads.map(str::to_owned).collect();
        reloads.sort();
        reloads
    };
    assert_eq!(reloads(), [""; 0], "nothing runs yet");
    let mended = "password: correct horse\nntp_servers: [ntp.example]\nnetwork: {interfaces: [{name: eth0, addresses: [10.0.0.2/24]}]}\n";
    node.write("config/config.yaml", &format!("{GOOD}{mended}"));
    assert_eq!(node.configure(), Outcome::Applied);
    let network = r#"Network ["holdfast-eth0", "holdfast-last-resort-eth0"]"#;
    assert_eq!(reloads(), [network, "Ssh", "Time"]);
}

#[test]
fn commands_run_once_a_boot_however_it_goes_on() {
    let text = format!("{GOOD}init_commands: [one]\nboot_commands: [two]\n");
    let mut node = TestNode::new("hostname: [\n");
    let asked = |node: &TestNode| -> Vec<String> {
        let asked = node.machine.asked.borrow();
        let users = asked
            .iter()
            .filter_map(|line| line.strip_prefix("user: /bin/bash -c "));
        users.map(str::to_owned).collect()
    };
    problem(node.configure());
    assert_eq!(asked(&node), [""; 0], "maintenance runs none");
    // Stopped between the two.
    node.write("config/config.yaml", &text);
    node.machine.fails = Some("hostname ");
    problem(node.configure());
    assert_eq!(asked(&node), ["one"]);
    node.machine.fails = None;
    for _ in 0..2 {
        assert_eq!(node.configure(), Outcome::Applied);
        assert_eq!(asked(&node), ["one", "two"]);
    }
    // The next boot.
    std::fs::remove_dir_all(node.directory.path().join("run")).unwrap();
    node.configure();
    assert_eq!(asked(&node), ["one", "two", "one", "two"]);
}

#[test]
fn words_that_nobody_signed_are_ignored_with_secure_boot() {
    let state = "sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
    let line = "quiet holdfast.timezone=Asia/Tokyo holdfast.end holdfast.hostname=theirs holdfast.maintenance\n";
    for (secure_boot, hostname) in [
        (Some("\u{6}\0\0\0\u{1}"), "own"),
        (Some("\u{6}\0\0\0\0"), "theirs"),
    ] {
        let node = TestNode::new("version: 1\nhostname: own\n");
        if let Some(on) = secure_boot {
            node.write(state, on);
        }
        let line = match hostname {
            // Maintenance mode writes no host name of the configuration.
            "theirs" => line.replace(" holdfast.maintenance", ""),
            _ => line.to_owned(),
        };
        node.write("proc/cmdline", &line);
        assert_eq!(node.configure(), Outcome::Applied, "{hostname}");
        assert_eq!(node.read("etc/hostname"), format!("{hostname}\n"));
        assert_eq!(
            node.read("etc/timezone"),
            "Asia/Tokyo\n",
            "what is signed counts"
        );
        let told = node.warnings().iter().any(|note| {
            note.ends_with(
                "are ignored, since Secure Boot is on: holdfast.hostname, holdfast.maintenance",
            )
        });
        assert_eq!(told, hostname == "own", "{:?}", node.warnings());
    }
}
