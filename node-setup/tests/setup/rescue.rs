//! A stick with a script that the keys of releases vouch for.

use crate::node::{GOOD, TestNode, problem, services};
use init_api::{BootRecord, Partitions, Slot, Started, StateOutcome, paths, store};
use jiff::{SignedDuration, Timestamp};
use node_setup::{Outcome, RescueFiles, Stick, configure, rescue};
use release::keys::{Init, init, sign_rescue};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// No device of this name is anywhere: nothing is mounted.
const DEVICE: &str = "/dev/holdfast-test-stick";

/// Keys of releases, made for one test.
struct Keys(tempfile::TempDir);

impl Keys {
    fn new() -> Keys {
        let keys = Keys(tempfile::tempdir().unwrap());
        let asked = Init {
            folder: keys.folder(),
            root_keys: 1,
            threshold: 1,
            expires: Timestamp::now() + SignedDuration::from_hours(24),
        };
        init(&asked).unwrap();
        keys
    }

    fn folder(&self) -> PathBuf {
        self.0.path().join("keys")
    }

    /// A stick with this script, whose order counts for so many hours.
    fn stick(&self, script: &str, hours: i64) -> Stick {
        let expires = Timestamp::now() + SignedDuration::from_hours(hours);
        let within = Duration::from_secs(60);
        let order = sign_rescue(&self.folder(), script.as_bytes(), expires, within).unwrap();
        with(RescueFiles {
            script: script.as_bytes().to_vec(),
            order,
        })
    }
}

fn with(files: RescueFiles) -> Stick {
    Stick {
        rescue: Some(files),
        ..Stick::unreadable(DEVICE, "there is no config.yaml on it")
    }
}

/// A node whose image trusts the keys.
fn node(keys: &Keys) -> TestNode {
    let node = TestNode::new(GOOD);
    let root = fs::read_to_string(keys.folder().join("root.json")).unwrap();
    node.write(paths::RELEASE_ROOT.trim_start_matches('/'), &root);
    node.write("var/lib/holdfast/rescues.json", "[]");
    node
}

fn configured_with(node: &TestNode, stick: &Stick) -> Outcome {
    let mut media = node.media();
    media.sticks = vec![stick.clone()];
    configure(&node.root, &mut media, node.machine.clone()).unwrap()
}

fn run(node: &TestNode, stick: &Stick) -> Result<bool, String> {
    let mut media = node.media();
    media.sticks = vec![stick.clone()];
    rescue::run(&node.root, &mut media).map_err(|error| host::with_causes(&error))
}

#[test]
fn a_script_that_is_vouched_for_is_run_in_maintenance_mode_and_no_other_is() {
    let (ours, theirs) = (Keys::new(), Keys::new());
    let script = "true\n";
    let good = ours.stick(script, 1);
    let files = good.rescue.clone().unwrap();
    let changed = RescueFiles {
        script: b"false\n".to_vec(),
        ..files.clone()
    };
    let bare = RescueFiles {
        order: Vec::new(),
        ..files
    };
    for (case, stick, said) in [
        ("good", good, None),
        (
            "of others",
            theirs.stick(script, 1),
            Some("did not sign it"),
        ),
        ("too late", ours.stick(script, -1), Some("it counted until")),
        ("changed", with(changed), Some("rescue.sh was changed")),
        (
            "without an order",
            with(bare),
            Some("there is no rescue.json beside it"),
        ),
    ] {
        let node = node(&ours);
        let outcome = configured_with(&node, &stick);
        let has_service = services(&node).contains(&"rescue".to_owned());
        match said {
            None => {
                let text = problem(outcome).text;
                assert!(
                    text.contains("the rescue script on the USB stick"),
                    "{text}"
                );
                assert!(has_service, "{case}");
            }
            Some(said) => {
                assert_eq!(outcome, Outcome::Applied, "{case}");
                let warnings = node.warnings().join("\n");
                assert!(warnings.contains(said), "{case}: {warnings}");
                assert!(!warnings.contains("config.yaml"), "{case}: {warnings}");
                assert!(!has_service, "{case}");
                run(&node, &stick).unwrap_err();
            }
        }
    }
}

#[test]
fn an_image_that_believes_no_unsigned_stick_believes_a_signed_script() {
    let keys = Keys::new();
    for (policy, runs) in [("signed", true), ("ignore", false)] {
        let node = node(&keys);
        let signer = crate::policy::key().public();
        let policy = format!(r#"{{"usb_stick":"{policy}","config_signers":["{signer}"]}}"#);
        node.write(paths::CONFIG_POLICY.trim_start_matches('/'), &policy);
        let outcome = configured_with(&node, &keys.stick("true\n", 1));
        assert_eq!(outcome != Outcome::Applied, runs, "{policy}: {outcome:?}");
    }
}

#[test]
fn a_script_is_begun_once_on_a_machine() {
    let keys = Keys::new();
    let node = node(&keys);
    let ran = node.directory.path().join("ran");
    let stick = keys.stick(&format!("echo \"$1\" >>{}\n", ran.display()), 1);
    // Its state is in no boot record, so that nobody knows whether it lasts.
    assert!(!run(&node, &stick).unwrap());
    let folder = node.root.path("/run/holdfast/rescue/stick");
    assert_eq!(
        fs::read_to_string(&ran).unwrap(),
        format!("{}\n", folder.display())
    );

    let error = run(&node, &stick).unwrap_err();
    assert!(
        error.contains("no USB stick has a rescue script"),
        "{error}"
    );
    // A look for new disks must not end it, nor a stick that is pulled out.
    for media in [vec![stick.clone()], Vec::new()] {
        let mut looked = node.media();
        looked.sticks = media;
        let outcome = configure(&node.root, &mut looked, node.machine.clone()).unwrap();
        let text = problem(outcome).text;
        assert!(text.contains("that was begun in this boot"), "{text}");
        assert!(services(&node).contains(&"rescue".to_owned()));
    }
    node.boot_again();
    assert_eq!(configured_with(&node, &stick), Outcome::Applied);
    let warnings = node.warnings().join("\n");
    assert!(
        warnings.contains("it was begun on this machine at"),
        "{warnings}"
    );
    assert_eq!(fs::read_to_string(&ran).unwrap().lines().count(), 1);

    // Signed anew, it is another order; one that fails is begun once as well.
    let failing = keys.stick(&format!("echo >>{}; exit 3\n", ran.display()), 1);
    let error = run(&node, &failing).unwrap_err();
    assert!(error.contains("ended with exit status: 3"), "{error}");
    node.boot_again();
    assert_eq!(configured_with(&node, &failing), Outcome::Applied);

    // What is damaged cannot tell.
    node.write("var/lib/holdfast/rescues.json", "[");
    assert_eq!(
        configured_with(&node, &keys.stick("true\n", 1)),
        Outcome::Applied
    );
    let warnings = node.warnings().join("\n");
    assert!(
        warnings.contains("whether it ran before cannot be told"),
        "{warnings}"
    );
}

#[test]
fn a_machine_restarts_where_it_remembers() {
    let keys = Keys::new();
    for (state, lasts) in [
        (StateOutcome::Clean, true),
        (StateOutcome::Repaired, true),
        (StateOutcome::Unusable, false),
    ] {
        let node = node(&keys);
        let boot = BootRecord {
            disk: "/dev/vda".into(),
            partitions: Partitions::default(),
            slot: Slot::A,
            root_hash: "0".repeat(64),
            state,
            started: Started::default(),
            trial: None,
            watchdog: None,
            phases: Vec::new(),
        };
        store(node.root.path(paths::BOOT), &boot).unwrap();
        assert_eq!(run(&node, &keys.stick("true\n", 1)), Ok(lasts), "{state:?}");
    }
}
