//! A node that has run keeps running: by the last good configuration, whatever its sources say, in the older slot as well.

use crate::node::{GOOD, TestNode, problem, services};
use init_api::Problem;
use node_setup::{Outcome, configure};
use std::fs;

const LAST_GOOD: &str = "var/lib/holdfast/config/last-good/0.1.0.yaml";

/// What is wrong at the next boot, and what must be said of it.
type Trouble = (&'static str, fn(&TestNode), &'static str, &'static str);

#[test]
fn whatever_is_wrong_at_a_later_boot_the_node_runs_and_says_so() {
    let troubles: [Trouble; 4] = [
        (
            "an unknown key",
            |node| node.write("config/config.yaml", "version: 1\nhostnam: x\n"),
            "The configuration is not right: /config/config.yaml:2",
            "/config/config.yaml:2",
        ),
        (
            "a word on the kernel's line",
            |node| node.write("proc/cmdline", "quiet holdfast.hostnam=x\n"),
            "The configuration is not right: /proc/cmdline:1",
            "did you mean `hostname`",
        ),
        (
            "no file",
            |node| fs::remove_file(node.directory.path().join("config/config.yaml")).unwrap(),
            "There is no config.yaml on the CONFIG partition",
            "The partition holds: nothing.",
        ),
        (
            "a file that cannot be read",
            |node| {
                let file = node.directory.path().join("config/config.yaml");
                fs::remove_file(&file).unwrap();
                fs::create_dir(file).unwrap();
            },
            "config.yaml on the CONFIG partition cannot be read",
            "Is a directory",
        ),
    ];
    for (case, trouble, title, text) in troubles {
        let node = TestNode::new(GOOD);
        node.configure();
        let kept = node.read(LAST_GOOD);
        node.boot_again();
        trouble(&node);
        assert_eq!(node.configure(), Outcome::Applied, "{case}");
        let instead = node.configured().instead.expect(case);
        assert_eq!(instead.title, title, "{case}");
        assert!(instead.text.contains(text), "{case}: {}", instead.text);
        assert!(
            instead.text.contains("which release 0.1.0 accepted") && !instead.cure.is_empty(),
            "{case}: {instead:?}"
        );
        assert!(
            services(&node).contains(&"control-plane".to_owned()),
            "{case}"
        );
        assert_eq!(node.read("etc/hostname"), "edge-1\n", "{case}");
        let keys = node.read("etc/ssh/authorized_keys.d/root");
        assert!(keys.contains(" me\n"), "{case}: {keys}");
        assert!(!node.exists("run/holdfast/problem.json"), "{case}");
        assert_eq!(node.read(LAST_GOOD), kept, "{case}: written anew");
        assert!(
            node.configured().incomplete.is_some(),
            "{case}: the keeper would remove things"
        );
        // And the cure.
        node.write("proc/cmdline", "quiet\n");
        let file = node.directory.path().join("config/config.yaml");
        let _ = fs::remove_dir(file);
        node.write("config/config.yaml", &GOOD.replace("edge-1", "edge-2"));
        assert_eq!(node.configure(), Outcome::Applied, "{case}");
        assert_eq!(node.configured().instead, None, "{case}");
        assert_eq!(node.read("etc/hostname"), "edge-2\n", "{case}");
    }
}

#[test]
fn a_missing_partition_is_no_reason_to_stop() {
    let node = TestNode::new(GOOD);
    node.configure();
    node.boot_again();
    let mut media = node.media();
    media.config = Err(Problem::new(
        "The CONFIG partition is missing",
        "text",
        "cure",
    ));
    let outcome = configure(&node.root, &mut media, node.machine.clone()).unwrap();
    assert_eq!(outcome, Outcome::Applied);
    let instead = node.configured().instead.unwrap();
    assert_eq!(instead.title, "The CONFIG partition is missing");
}

/// A key of a newer release is, for this one, a key that does not exist.
#[test]
fn the_older_slot_runs_by_what_it_accepted() {
    let node = TestNode::new(GOOD);
    node.configure();
    // The newer release accepted a file with a key of its own, and kept it.
    let newer = format!("{GOOD}cloud_of_2030: true\n");
    node.write("config/config.yaml", &newer);
    node.write(
        "var/lib/holdfast/config/last-good/0.2.0.yaml",
        &format!(
            "# Kept by Holdfast: the last configuration that this release accepted. Turn 2.\n{newer}"
        ),
    );
    node.boot_again();
    assert_eq!(node.configure(), Outcome::Applied);
    let instead = node.configured().instead.unwrap();
    for expected in [
        "/config/config.yaml:4",
        "cloud_of_2030",
        "last-good/0.1.0.yaml, which release 0.1.0 accepted",
        "Release 0.2.0 ran here later",
    ] {
        assert!(
            instead.text.contains(expected),
            "{expected}: {}",
            instead.text
        );
    }
    assert!(services(&node).contains(&"control-plane".to_owned()));
    let kept = node.read("var/lib/holdfast/config/last-good/0.2.0.yaml");
    assert!(
        kept.contains("cloud_of_2030"),
        "the newer release's is gone"
    );
}

/// The newer slot knows all that the older one wrote, also before it has accepted anything itself.
#[test]
fn the_newer_slot_runs_by_what_the_older_one_accepted() {
    let node = TestNode::new(GOOD);
    node.configure();
    node.boot_again();
    node.write(
        "usr/lib/holdfast/release.json",
        r#"{"version":"0.2.0","build_time":1}"#,
    );
    node.write("config/config.yaml", "version: 1\nhostnam: x\n");
    assert_eq!(node.configure(), Outcome::Applied);
    let instead = node.configured().instead.unwrap();
    assert!(
        instead
            .text
            .contains("0.1.0.yaml, which release 0.1.0 accepted"),
        "{}",
        instead.text
    );
    assert!(!instead.text.contains("ran here later"), "{}", instead.text);
}

#[test]
fn a_damaged_last_good_is_told_and_no_way_to_run() {
    let node = TestNode::new(GOOD);
    node.configure();
    node.boot_again();
    node.write(LAST_GOOD, "version: 1\nhostn");
    node.write("config/config.yaml", "version: 1\nhostnam: x\n");
    let problem = problem(node.configure());
    assert_eq!(
        problem.title,
        "The configuration is not right: /config/config.yaml:2"
    );
    let told = node.warnings().join("\n");
    assert!(told.contains("last-good/0.1.0.yaml is damaged"), "{told}");
    assert!(
        told.contains("there is no last good configuration"),
        "{told}"
    );
    assert_eq!(node.configured().instead, None);
}

/// What only the newer file names was fetched for it, and is wanted again when the slot changes back.
#[test]
fn nothing_that_was_fetched_is_removed_meanwhile() {
    let node = TestNode::new(GOOD);
    node.configure();
    let fetched = "var/lib/holdfast/manifests/config-app.yaml";
    node.write(fetched, "kind: ConfigMap\n");
    node.boot_again();
    node.write("config/config.yaml", "version: 1\nhostnam: x\n");
    assert_eq!(node.configure(), Outcome::Applied);
    assert!(node.exists(fetched));
    node.write("config/config.yaml", GOOD);
    assert_eq!(node.configure(), Outcome::Applied);
    assert!(!node.exists(fetched), "nobody names it any more");
}

#[test]
fn what_is_applied_to_a_running_node_and_is_wrong_changes_nothing() {
    let node = TestNode::new(GOOD);
    node.configure();
    let running = services(&node);
    node.write("config/config.yaml", "version: 1\nhostnam: x\n");
    assert_eq!(node.configure(), Outcome::Applied);
    assert_eq!(services(&node), running);
    assert!(node.configured().instead.is_some());
}

/// A right configuration need not be good: with a flag's value that a component does not take, no node comes up.
#[test]
fn what_the_node_was_ready_with_stands_in_for_what_it_never_was() {
    let node = TestNode::new(GOOD);
    node.configure();
    // As the keeper does, once the node has been Ready for a while.
    let tried = node.configured().tried.expect("nobody was Ready yet");
    let at = |path: &str| node.root.path(path);
    fs::rename(at(&tried.file), at(&tried.becomes)).unwrap();
    node.boot_again();
    node.configure();
    assert_eq!(node.configured().tried, None, "it is good");

    let bad = GOOD.replace("edge-1", "edge-2");
    node.write("config/config.yaml", &bad);
    assert_eq!(node.configure(), Outcome::Applied);
    assert_eq!(node.read("etc/hostname"), "edge-2\n", "it is in force");
    let tried = node.configured().tried.expect("not Ready with it yet");
    assert!(at(&tried.file).exists() && node.read(LAST_GOOD).contains("edge-1"));

    // And then a stick or a card is lost.
    node.boot_again();
    node.write("config/config.yaml", "version: 1\nhostnam: x\n");
    assert_eq!(node.configure(), Outcome::Applied);
    assert_eq!(node.read("etc/hostname"), "edge-1\n");
    assert_eq!(
        node.configured().tried,
        None,
        "what is Ready now was good before"
    );
}
