//! `holdfast node configure` on a node in a temporary directory.

use crate::node::TestNode;
use init_api::{Millis, Problem, Services};
use node_setup::change::{ChangeError, Writable, confirm, propose};
use node_setup::trial::{self, Trial};
use node_setup::{Outcome, StoredUrl, UrlCopy, configure};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const GOOD: &str = "version: 1\nhostname: edge-1\nssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me]\n";

fn problem(outcome: Outcome) -> Problem {
    match outcome {
        Outcome::Problem(problem) => problem,
        Outcome::Applied => panic!("it was applied"),
    }
}

fn services(node: &TestNode) -> Vec<String> {
    let services: Services =
        serde_json::from_str(&node.read("run/holdfast/services.json")).unwrap();
    services
        .iter()
        .map(|service| service.name.to_string())
        .collect()
}

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
        node.read("var/lib/holdfast/config/last-good.yaml")
            .contains("edge-1")
    );
    assert!(services(&node).contains(&"control-plane".to_owned()));
    assert!(!node.exists("run/holdfast/problem.json"));
    for name in ["config.json", "configured.json", "services.json"] {
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
fn a_bad_configuration_keeps_the_last_good_ways_in() {
    let node = TestNode::new(GOOD);
    node.configure();
    // The next boot: /etc and /run are new.
    std::fs::remove_dir_all(node.directory.path().join("run")).unwrap();
    std::fs::remove_dir_all(node.directory.path().join("etc/ssh")).unwrap();
    node.write("config/config.yaml", "version: 1\nhostnam: x\n");
    let problem = problem(node.configure());
    assert_eq!(
        problem.title,
        "The configuration is not right: /config/config.yaml"
    );
    assert!(
        problem.text.contains("did you mean `hostname`"),
        "{}",
        problem.text
    );
    let written: Problem = serde_json::from_str(&node.read("run/holdfast/problem.json")).unwrap();
    assert_eq!(written, problem);
    assert!(
        node.read("etc/ssh/authorized_keys.d/root")
            .contains(" me\n")
    );
    assert_eq!(
        services(&node),
        [""; 0],
        "nothing of the cluster in maintenance mode"
    );
    assert!(
        !node.exists("run/holdfast/config.json"),
        "a bad configuration is in force"
    );
    assert!(
        node.warnings()
            .iter()
            .any(|line| line.contains("last good configuration"))
    );
    // And the cure.
    node.write("config/config.yaml", GOOD);
    assert_eq!(node.configure(), Outcome::Applied);
    assert!(!node.exists("run/holdfast/problem.json"));
}

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
        Err("the USB stick /dev/sdb has no config.yaml at its top".to_owned()),
        Ok(("/dev/sdc1".to_owned(), GOOD.into())),
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
    assert_eq!(
        reloads(),
        [r#"Network { profiles: ["holdfast-eth0"] }"#, "Ssh", "Time"]
    );
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
        "{GOOD}modules: [no_such]\nsysctls: {{no.such.key: 1}}\nboot_commands: [\"false\"]\n"
    ));
    node.machine.fails = Some("user: /bin/bash -c false");
    assert_eq!(node.configure(), Outcome::Applied);
    let warnings = node.warnings().join("\n");
    for expected in [
        "could not set the kernel parameter no.such.key to `1`",
        "could not run boot_commands[0]: it did not work",
    ] {
        assert!(warnings.contains(expected), "{expected}: {warnings}");
    }
}

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
    )
    .unwrap();
    let changes: Vec<String> = proposal.changes.iter().map(ToString::to_string).collect();
    assert_eq!(
        changes,
        ["~ hostname: \"edge-1\" -> \"edge-2\"   [at once]"]
    );
    let mut switch = Switch::default();
    proposal
        .keep(&node.root, &mut node.media(), &mut switch)
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
        let proposal = propose(&node.root, &mut node.media(), "a", tried.clone().into()).unwrap();
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
            node.read("var/lib/holdfast/config/last-good.yaml")
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
        node.read("var/lib/holdfast/config/last-good.yaml")
            .contains("edge-2")
    );
}
