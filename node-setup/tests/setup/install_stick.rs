//! A stick with `install`: the installer instead of a cluster, and only where it may be.

use crate::node::{GOOD, TestNode, problem, services};
use node_setup::{Outcome, Stick, configure};
use os_config::Sources;

const CLUSTER: [&str; 3] = ["containerd", "control-plane", "upgrade"];

fn stick() -> String {
    format!("{GOOD}install: {{disk: {{bus: nvme}}}}\n")
}

#[test]
fn a_fresh_stick_installs_and_leaves_nothing_behind() {
    let node = TestNode::new(&stick());
    assert_eq!(node.configure(), Outcome::Applied);
    let services = services(&node);
    assert!(services.contains(&"install".to_owned()), "{services:?}");
    let cluster = CLUSTER
        .iter()
        .any(|name| services.contains(&(*name).to_owned()));
    assert!(!cluster, "{services:?}");
    // It can be reached, as its file says.
    assert!(
        node.read("etc/ssh/authorized_keys.d/root")
            .contains(" me\n")
    );
    for path in [
        "var/lib/holdfast/config/last-good",
        "var/lib/holdfast/early-services.json",
        "var/lib/holdfast/cluster",
        "run/holdfast/config.json",
    ] {
        assert!(!node.exists(path), "{path}");
    }
    // A mistake at the next boot is a mistake: there is nothing to run by instead.
    node.boot_again();
    node.write("config/config.yaml", "version: 1\nhostnam: x\n");
    problem(node.configure());
}

#[test]
fn a_node_never_becomes_an_installer() {
    for (case, ran_before) in [("at a later boot", true), ("while it runs", false)] {
        let node = TestNode::new(GOOD);
        assert_eq!(node.configure(), Outcome::Applied);
        if ran_before {
            node.boot_again();
        }
        node.write("config/config.yaml", &stick());
        assert_eq!(node.configure(), Outcome::Applied, "{case}");
        let instead = node.configured().instead.expect(case);
        assert_eq!(
            instead.title, "`install` is in the configuration of a node",
            "{case}"
        );
        let services = services(&node);
        assert!(
            services.contains(&"control-plane".to_owned()),
            "{case}: {services:?}"
        );
        assert!(
            !services.contains(&"install".to_owned()),
            "{case}: {services:?}"
        );
    }
}

#[test]
fn nothing_that_is_plugged_in_or_typed_makes_an_installer() {
    let node = TestNode::new(GOOD);
    let mut media = node.media();
    media.sticks = vec![Stick::new(
        "/dev/sdc1",
        "version: 1\ninstall: {wipe: true}\n",
    )];
    let outcome = configure(&node.root, &mut media, node.machine.clone()).unwrap();
    let said = problem(outcome);
    assert_eq!(
        said.title,
        "`install` may only be said by the CONFIG partition"
    );
    assert!(said.text.contains("USB stick"), "{said:?}");
    assert!(!services(&node).contains(&"install".to_owned()));

    let node = TestNode::new(&stick());
    node.write("proc/cmdline", "quiet holdfast.install.wipe=true\n");
    let said = problem(node.configure());
    assert!(said.text.contains("kernel command line"), "{said:?}");
}

#[test]
fn a_running_node_does_not_take_it_from_config_apply() {
    let node = TestNode::new(GOOD);
    assert_eq!(node.configure(), Outcome::Applied);
    let proposed = node_setup::change::propose(
        &node.root,
        &mut node.media(),
        "new.yaml",
        stick().into_bytes(),
        None,
    );
    let error = proposed.expect_err("it is a node").to_string();
    assert!(error.contains("of a node; nothing was changed"), "{error}");
    assert!(os_config::load(&Sources::one("new.yaml", stick())).is_ok());
}
