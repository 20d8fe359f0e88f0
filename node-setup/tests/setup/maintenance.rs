//! Nodes that never had a good configuration, and those that are asked to wait: maintenance mode.

use crate::node::{GOOD, TestNode, problem, services};
use init_api::Problem;
use node_setup::reset::{AskedByStick, Reset};
use node_setup::{Outcome, Stick, configure};

#[test]
fn a_bad_first_configuration_still_has_a_network() {
    let node = TestNode::new("hostname: [\n");
    problem(node.configure());
    assert!(node.exists("run/NetworkManager/system-connections/holdfast-default.nmconnection"));
    assert!(node.exists("etc/ssh/sshd_config"));
}

#[test]
fn a_missing_partition_is_a_problem_unless_a_stick_has_the_file() {
    let node = TestNode::new(GOOD);
    let mut media = node.media();
    media.config = Err(Problem::new(
        "The CONFIG partition is missing",
        "text",
        "cure",
    ));
    let outcome = configure(&node.root, &mut media, node.machine.clone()).unwrap();
    assert_eq!(problem(outcome).title, "The CONFIG partition is missing");
    media.sticks = vec![
        Stick::unreadable(
            "/dev/sdb",
            "the USB stick /dev/sdb has no config.yaml at its top",
        ),
        Stick::new("/dev/sdc1", GOOD),
    ];
    assert_eq!(
        configure(&node.root, &mut media, node.machine.clone()).unwrap(),
        Outcome::Applied
    );
    assert_eq!(node.read("etc/hostname"), "edge-1\n");
    assert!(node.warnings().iter().any(|line| line.contains("/dev/sdb")));
}

#[test]
fn a_file_of_50_megabytes_is_a_problem() {
    let node = TestNode::new(GOOD);
    let file = std::fs::File::options()
        .write(true)
        .open(node.directory.path().join("config/config.yaml"))
        .unwrap();
    file.set_len(50_000_000).unwrap();
    let problem = problem(node.configure());
    let message = "the file has more than 1 MiB, the most that is read";
    assert!(problem.text.contains(message), "{}", problem.text);
}

#[test]
fn a_missing_file_is_a_problem() {
    let node = TestNode::new(GOOD);
    std::fs::rename(
        node.directory.path().join("config/config.yaml"),
        node.directory.path().join("config/config.yaml.txt"),
    )
    .unwrap();
    let problem = problem(node.configure());
    assert_eq!(
        problem.title,
        "There is no config.yaml on the CONFIG partition"
    );
    assert!(problem.text.contains("config.yaml.txt"), "{}", problem.text);
}

/// The form is for a machine that nobody configured; never for a node, and not for a disk that is built in.
#[test]
fn a_stick_as_it_was_flashed_asks_what_it_shall_be() {
    let sample = os_config::sample();
    let said = "The stick is as it was flashed: its configuration says nothing";
    for (case, ran_before, on_a_stick, config, line, expected) in [
        ("as flashed", false, true, sample, "quiet\n", Some(said)),
        ("on a disk", false, false, sample, "quiet\n", None),
        ("edited", false, true, GOOD, "quiet\n", None),
        (
            "told by the kernel's line",
            false,
            true,
            sample,
            "holdfast.hostname=x\n",
            None,
        ),
        ("a node", true, true, sample, "quiet\n", None),
    ] {
        let node = TestNode::new(GOOD);
        if ran_before {
            assert_eq!(node.configure(), Outcome::Applied, "{case}");
            node.boot_again();
        }
        node.write("config/config.yaml", config);
        node.write("proc/cmdline", line);
        let mut media = node.media();
        media.booted_from_a_stick = on_a_stick;
        let outcome = configure(&node.root, &mut media, node.machine.clone()).unwrap();
        let Some(expected) = expected else {
            assert_eq!(outcome, Outcome::Applied, "{case}");
            continue;
        };
        let problem = problem(outcome);
        assert_eq!(problem.title, expected, "{case}");
        let form = "Press Enter at the machine's console";
        assert!(problem.cure.starts_with(form), "{case}: {}", problem.cure);
        assert!(services(&node).contains(&"form".to_owned()), "{case}");
    }
}

#[test]
fn who_asks_for_maintenance_gets_it_and_a_way_in() {
    let line = "quiet holdfast.maintenance\n";
    let asking = |config: Result<Vec<u8>, String>| Stick {
        device: "/dev/sda1".to_owned(),
        config,
        signatures: None,
        asks_for_maintenance: true,
        asks_for_reset: None,
        rescue: None,
    };
    let without = || asking(Err("there is no config.yaml on it".to_owned()));
    let cases: [(&str, &str, &str, Vec<Stick>, &str); 4] = [
        (
            "the kernel's line",
            GOOD,
            line,
            vec![],
            "kernel's command line",
        ),
        (
            "a stick",
            GOOD,
            "quiet\n",
            vec![without()],
            "USB stick /dev/sda1",
        ),
        (
            "a stick with a configuration",
            "version: 1\n",
            "quiet\n",
            vec![asking(Ok(GOOD.into()))],
            "USB stick /dev/sda1",
        ),
        (
            "and the configuration is wrong",
            "version: 1\nhostnam: x\n",
            line,
            vec![],
            "hostnam: x",
        ),
    ];
    for (case, config, line, sticks, expected) in cases {
        let node = TestNode::new(GOOD);
        assert_eq!(node.configure(), Outcome::Applied, "{case}");
        node.boot_again();
        node.write("config/config.yaml", config);
        node.write("proc/cmdline", line);
        let mut media = node.media();
        media.sticks = sticks;
        let outcome = configure(&node.root, &mut media, node.machine.clone()).unwrap();
        let problem = problem(outcome);
        assert_eq!(problem.title, "Maintenance mode was asked for", "{case}");
        assert!(problem.text.contains(expected), "{case}: {}", problem.text);
        let keys = node.read("etc/ssh/authorized_keys.d/root");
        assert!(keys.contains(" me\n"), "{case}: nobody gets in");
        assert_eq!(services(&node), ["menu", "upgrade", "firewall"], "{case}");
        let menu = "Press Enter at the machine's console";
        assert!(problem.cure.starts_with(menu), "{case}: {}", problem.cure);
        let warnings = node.warnings().join("\n");
        assert!(
            !warnings.contains("config.yaml on it"),
            "{case}: {warnings}"
        );
        // Nobody asks any more.
        node.write("config/config.yaml", GOOD);
        node.write("proc/cmdline", "quiet\n");
        assert_eq!(node.configure(), Outcome::Applied, "{case}");
    }
}

#[test]
fn a_stick_that_asks_for_a_reset_gets_it_before_anything_is_configured() {
    let stick = |asks| Stick {
        device: "/dev/sda1".to_owned(),
        config: Err("there is no config.yaml on it".to_owned()),
        signatures: None,
        asks_for_maintenance: false,
        asks_for_reset: Some(("reset", asks)),
        rescue: None,
    };
    let node = TestNode::new(GOOD);
    let mut media = node.media();
    media.sticks = vec![stick(Ok(Reset::WipeSecrets))];
    let asked = AskedByStick {
        device: "/dev/sda1".to_owned(),
        file: "reset",
        reset: Reset::WipeSecrets,
    };
    let outcome = configure(&node.root, &mut media, node.machine.clone()).unwrap();
    assert_eq!(outcome, Outcome::Reset(asked));
    assert!(!node.root.path("/run/holdfast/services.json").exists());

    // A word that is none of ours resets nothing.
    media.sticks = vec![stick(Err("its first word is strange".to_owned()))];
    let outcome = configure(&node.root, &mut media, node.machine.clone()).unwrap();
    assert_eq!(outcome, Outcome::Applied);
    let said = node.read("run/holdfast/configured.json");
    assert!(
        said.contains("asks for no reset: its first word is strange"),
        "{said}"
    );
}
