//! `holdfast config apply`: a new file for good, or on trial.

use crate::node::{GOOD, TestNode, problem, services};
use init_api::Millis;
use node_setup::Outcome;
use node_setup::change::{ChangeError, Writable, confirm, propose};
use node_setup::trial::{self, Trial};
use std::io;
use std::path::Path;

/// Counts what `apply` does with the partition.
#[derive(Default)]
struct Switch(Vec<bool>);

impl Writable for Switch {
    fn set_writable(&mut self, _: &Path, writable: bool) -> io::Result<()> {
        self.0.push(writable);
        Ok(())
    }
}

#[test]
fn apply_writes_and_keeps_the_old_file() {
    let node = TestNode::new(GOOD);
    node.configure();
    let new = GOOD.replace("edge-1", "edge-2");
    let proposal = propose(
        &node.root,
        &mut node.media(),
        "new.yaml",
        new.clone().into(),
        None,
    )
    .unwrap();
    let changes: Vec<String> = proposal.changes.iter().map(ToString::to_string).collect();
    assert_eq!(
        changes,
        ["~ hostname: \"edge-1\" -> \"edge-2\"   [at once]"]
    );
    let mut switch = Switch::default();
    proposal
        .write_to_config(&node.root, &mut node.media(), &mut switch)
        .unwrap();
    assert_eq!(node.read("config/config.yaml"), new);
    assert_eq!(node.read("var/lib/holdfast/config/previous.yaml"), GOOD);
    assert_eq!(switch.0, [true, false]);
    assert!(!node.exists("config/.config.yaml.new"));
}

#[test]
fn a_wrong_file_is_not_proposed() {
    let node = TestNode::new(GOOD);
    let error = propose(
        &node.root,
        &mut node.media(),
        "new.yaml",
        b"version: 1\nhostnam: x\n".to_vec(),
        None,
    )
    .unwrap_err();
    assert!(matches!(&error, ChangeError::NotRight(_)));
    assert!(error.to_string().contains("new.yaml:2"), "{error}");
    assert_eq!(node.read("config/config.yaml"), GOOD);
}

/// What is tried, how the trial ends, whether containerd's file can be written.
type TrialCase = (&'static str, fn(&TestNode), bool);

/// containerd's file on state is the trial's, which a boot in between must not begin with.
#[test]
fn a_boot_during_a_trial_starts_nothing_early() {
    const EARLY: &str = "var/lib/holdfast/early-services.json";
    const CONTAINERD: &str = "var/lib/holdfast/cluster/containerd.toml";
    let registries =
        "registries: {mirrors: {docker.io: {endpoints: ['https://mirror.example']}}}\n";
    let tried = format!("{GOOD}{registries}");
    let end = |node: &TestNode| trial::end(&node.root).unwrap();
    let keep = |node: &TestNode| {
        confirm(&node.root, &mut node.media(), &mut Switch::default()).unwrap();
    };
    let cases: [TrialCase; 3] = [
        ("reverted", end, true),
        ("confirmed", keep, true),
        ("not applied", end, false),
    ];
    for (case, end, writable) in cases {
        let node = TestNode::new(GOOD);
        node.configure();
        let early = node.read(EARLY);
        let proposal = propose(
            &node.root,
            &mut node.media(),
            "a",
            tried.clone().into(),
            None,
        )
        .unwrap();
        let ends_ms = Millis(1000);
        proposal.try_it(&node.root, Trial { ends_ms }).unwrap();
        let containerd = node.directory.path().join(CONTAINERD);
        if !writable {
            std::fs::remove_file(&containerd).unwrap();
            std::fs::create_dir(&containerd).unwrap();
        }
        assert_eq!(node.configure() == Outcome::Applied, writable, "{case}");
        assert!(!node.exists(EARLY), "{case}: on trial");
        if !writable {
            std::fs::remove_dir(&containerd).unwrap();
        }
        end(&node);
        assert_eq!(node.configure(), Outcome::Applied, "{case}");
        assert_eq!(node.read(EARLY), early, "{case}: after the trial");
    }
}

/// What is on trial and does not come into force is a problem, and the network goes back at once.
#[test]
fn a_network_that_does_not_come_into_force_fails_its_trial() {
    let mut node = TestNode::new(GOOD);
    assert_eq!(node.configure(), Outcome::Applied);
    let tried =
        format!("{GOOD}network: {{interfaces: [{{name: eth0, addresses: [10.0.0.2/24]}}]}}\n");
    let try_it = |node: &TestNode| {
        let proposal = propose(
            &node.root,
            &mut node.media(),
            "a",
            tried.clone().into(),
            None,
        )
        .unwrap();
        let ends_ms = Millis(1000);
        proposal.try_it(&node.root, Trial { ends_ms }).unwrap();
    };
    try_it(&node);
    node.machine.fails = Some("reload Network");
    node.machine.asked.borrow_mut().clear();
    let problem = problem(node.configure());
    assert!(
        problem.text.contains("could not bring the network in line"),
        "{}",
        problem.text
    );
    let asked = node.machine.asked.borrow().clone();
    let reloads = asked
        .iter()
        .filter(|line| line.starts_with("reload Network"));
    // There, and back again.
    let both = [r#"reload Network ["holdfast-eth0", "holdfast-last-resort-eth0"]"#; 2];
    assert_eq!(reloads.collect::<Vec<_>>(), both);
    assert!(
        !node.exists("run/NetworkManager/system-connections/holdfast-eth0.nmconnection"),
        "the next boot's profile stays"
    );
    trial::end(&node.root).unwrap();
    node.machine.fails = None;
    assert_eq!(node.configure(), Outcome::Applied);
    assert_eq!(node.read("config/config.yaml"), GOOD);
}

#[test]
fn a_trial_is_in_force_goes_back_and_can_be_kept() {
    let node = TestNode::new(GOOD);
    node.configure();
    let tried = GOOD.replace("edge-1", "edge-2");
    let try_it = || {
        let proposal = propose(
            &node.root,
            &mut node.media(),
            "new.yaml",
            tried.clone().into(),
            None,
        )
        .unwrap();
        proposal
            .try_it(
                &node.root,
                Trial {
                    ends_ms: Millis(1000),
                },
            )
            .unwrap();
        assert_eq!(node.configure(), Outcome::Applied);
        assert_eq!(node.read("etc/hostname"), "edge-2\n");
        assert!(services(&node).contains(&"config-trial".to_owned()));
        assert!(
            node.read("var/lib/holdfast/config/last-good/0.1.0.yaml")
                .contains("edge-1"),
            "a trial is not good yet"
        );
    };
    try_it();
    trial::end(&node.root).unwrap();
    node.configure();
    assert_eq!(node.read("etc/hostname"), "edge-1\n");
    assert!(!services(&node).contains(&"config-trial".to_owned()));
    let error = confirm(&node.root, &mut node.media(), &mut Switch::default()).unwrap_err();
    assert!(matches!(error, ChangeError::NoTrial), "{error}");
    try_it();
    confirm(&node.root, &mut node.media(), &mut Switch::default()).unwrap();
    node.configure();
    assert_eq!(node.read("config/config.yaml"), tried);
    assert!(
        node.read("var/lib/holdfast/config/last-good/0.1.0.yaml")
            .contains("edge-2")
    );
}
