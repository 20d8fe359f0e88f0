//! What an image says about sources of configuration.

use crate::node::{GOOD, TestNode, problem};
use bundle::PrivateKey;
use disk::layout::Reset;
use init_api::Millis;
use init_api::paths::CONFIG_POLICY;
use node_setup::change::{ChangeError, Writable, confirm, propose, put_restored};
use node_setup::policy::sign;
use node_setup::trial::Trial;
use node_setup::{Outcome, Stick, configure};
use std::io;
use std::path::Path;

const OF_THE_STICK: &str = "version: 1\nhostname: of-the-stick\n";
/// Made by `openssl genpkey -algorithm ed25519`, for this test alone.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB\n-----END PRIVATE KEY-----\n";

/// A signer.
pub(crate) fn key() -> PrivateKey {
    PrivateKey::from_pem(KEY).unwrap()
}

fn stick(signatures: Option<String>) -> Stick {
    Stick {
        signatures: signatures.map(String::into_bytes),
        ..Stick::new("/dev/sda1", OF_THE_STICK)
    }
}

#[test]
fn a_stick_says_what_the_image_lets_it_say() {
    let key = key();
    let good = sign(&key, OF_THE_STICK.as_bytes());
    let of_another = sign(&key, b"version: 1\n");
    let signed = format!(
        r#"{{"usb_stick":"signed","config_signers":["{}"]}}"#,
        key.public()
    );
    let ignore = r#"{"usb_stick":"ignore"}"#;
    let resets = Stick {
        asks_for_reset: Some(("reset", Ok(Reset::WipeSecrets))),
        ..stick(Some(good.clone()))
    };
    for (case, policy, stick, name, told) in [
        ("no policy", None, stick(None), "of-the-stick", None),
        (
            "nothing about sticks",
            Some("{}"),
            stick(None),
            "of-the-stick",
            None,
        ),
        (
            "ignored",
            Some(ignore),
            stick(None),
            "edge-1",
            Some("usb_stick: ignore"),
        ),
        (
            "ignored with its wish",
            Some(ignore),
            resets.clone(),
            "edge-1",
            Some("usb_stick: ignore"),
        ),
        (
            "signed",
            Some(&*signed),
            stick(Some(good)),
            "of-the-stick",
            None,
        ),
        (
            "not signed",
            Some(&*signed),
            stick(None),
            "edge-1",
            Some("holdfast config sign"),
        ),
        (
            "another text",
            Some(&*signed),
            stick(Some(of_another)),
            "edge-1",
            Some("config_signers"),
        ),
        (
            "a wish is not signed",
            Some(&*signed),
            resets,
            "of-the-stick",
            Some("holdfast reset"),
        ),
        (
            "a policy that cannot be read",
            Some("{"),
            stick(None),
            "edge-1",
            Some("usb_stick: ignore"),
        ),
    ] {
        let node = TestNode::new(GOOD);
        if let Some(policy) = policy {
            let path = node.root.path(CONFIG_POLICY);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, policy).unwrap();
        }
        let mut media = node.media();
        media.sticks = vec![stick];
        let outcome = configure(&node.root, &mut media, node.machine.clone()).unwrap();
        assert_eq!(outcome, Outcome::Applied, "{case}");
        let asked = node.machine.asked.borrow().join("\n");
        assert!(
            asked.contains(&format!("hostname {name}")),
            "{case}: {asked}"
        );
        let warnings = node.configured().warnings;
        let of_sticks: Vec<_> = warnings
            .iter()
            .filter(|line| line.contains("USB stick"))
            .collect();
        match told {
            None => assert!(of_sticks.is_empty(), "{case}: {warnings:?}"),
            Some(text) => assert!(
                of_sticks.iter().any(|line| line.contains(text)),
                "{case}: {warnings:?}"
            ),
        }
    }
}

#[test]
fn appended_words_say_nothing_where_the_image_says_so() {
    let line = "quiet holdfast.end holdfast.hostname=of-the-line\n";
    for (policy, name) in [
        ("{}", "of-the-line"),
        (r#"{"command_line":"ignore"}"#, "edge-1"),
    ] {
        let node = TestNode::new(GOOD);
        for (path, text) in [(CONFIG_POLICY, policy), ("/proc/cmdline", line)] {
            let path = node.root.path(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        node.configure();
        let asked = node.machine.asked.borrow().join("\n");
        assert!(
            asked.contains(&format!("hostname {name}")),
            "{policy}: {asked}"
        );
    }
}

/// A node whose image asks for a signature of the partition's file.
fn strict(config: &str, signatures: Option<&str>) -> TestNode {
    let node = TestNode::new(config);
    let policy = format!(
        r#"{{"config":"signed","config_signers":["{}"]}}"#,
        key().public()
    );
    node.write(CONFIG_POLICY.trim_start_matches('/'), &policy);
    if let Some(lines) = signatures {
        node.write("config/config.yaml.sig", lines);
    }
    node
}

fn signature(text: &str) -> String {
    sign(&key(), text.as_bytes())
}

#[test]
fn the_partitions_file_needs_a_signature_where_the_image_says_so() {
    let changed = GOOD.replace("edge-1", "edge-2");
    for (case, signatures, believed) in [
        ("signed", Some(signature(GOOD)), true),
        (
            "beside signatures of others",
            Some(format!("# x\n{}{}", signature(&changed), signature(GOOD))),
            true,
        ),
        ("another text", Some(signature(&changed)), false),
        ("no signature", None, false),
    ] {
        let node = strict(GOOD, signatures.as_deref());
        let outcome = node.configure();
        if believed {
            assert_eq!(outcome, Outcome::Applied, "{case}");
            continue;
        }
        // A first boot: nothing was right before.
        let problem = problem(outcome);
        assert!(
            problem.title.contains("is not believed"),
            "{}",
            problem.title
        );
        assert!(problem.cure.contains("holdfast config sign"), "{case}");
        assert!(!node.read("etc/hostname").contains("edge-1"), "{case}");
    }
}

#[test]
fn a_node_that_ran_goes_on_when_somebody_changes_the_partitions_file() {
    let node = strict(GOOD, Some(&signature(GOOD)));
    assert_eq!(node.configure(), Outcome::Applied);
    let changed = GOOD.replace("edge-1", "edge-2");
    for (case, signatures) in [("unsigned", None), ("signed before", Some(signature(GOOD)))] {
        node.write("config/config.yaml", &changed);
        let beside = node.root.path("/config/config.yaml.sig");
        match signatures {
            Some(lines) => std::fs::write(beside, lines).unwrap(),
            None => std::fs::remove_file(beside).unwrap(),
        }
        assert_eq!(node.configure(), Outcome::Applied, "{case}");
        assert_eq!(node.read("etc/hostname"), "edge-1\n", "{case}");
        let instead = node.configured().instead.expect("told");
        assert!(
            instead.title.contains("is not believed"),
            "{case}: {instead:?}"
        );
        assert!(
            instead.text.contains("config: signed"),
            "{case}: {instead:?}"
        );
    }
    node.write("config/config.yaml.sig", &signature(&changed));
    assert_eq!(node.configure(), Outcome::Applied);
    assert_eq!(node.read("etc/hostname"), "edge-2\n");
    assert_eq!(node.configured().instead, None);
}

/// A stick that is believed is a configuration; that the partition's is refused is told.
#[test]
fn a_stick_beside_a_file_that_is_not_believed() {
    let node = strict(GOOD, None);
    let mut media = node.media();
    media.sticks = vec![stick(None)];
    let outcome = configure(&node.root, &mut media, node.machine.clone()).unwrap();
    assert_eq!(outcome, Outcome::Applied);
    assert_eq!(node.read("etc/hostname"), "of-the-stick\n");
    let warnings = node.configured().warnings.join("\n");
    assert!(warnings.contains("is not believed"), "{warnings}");
}

/// The console asks for no more than a stick may: what nobody signed resets nothing.
#[test]
fn maintenance_mode_has_no_menu_where_sticks_are_not_believed() {
    let signed = format!(
        r#"{{"usb_stick":"signed","config_signers":["{}"]}}"#,
        key().public()
    );
    for (policy, menu) in [
        (None, true),
        (Some(r#"{"usb_stick":"allow"}"#), true),
        (Some(r#"{"usb_stick":"ignore"}"#), false),
        (Some(&signed[..]), false),
        (Some("damaged"), false),
    ] {
        let node = TestNode::new(GOOD);
        if let Some(policy) = policy {
            node.write(CONFIG_POLICY.trim_start_matches('/'), policy);
        }
        node.write("proc/cmdline", "a=1 holdfast.maintenance holdfast.end\n");
        let problem = problem(node.configure());
        assert!(problem.text.contains("boot menu's entry"), "{problem:?}");
        assert_eq!(
            problem.cure.contains("a menu restarts"),
            menu,
            "{policy:?}: {problem:?}"
        );
        let services = crate::node::services(&node);
        assert_eq!(services.contains(&"menu".to_owned()), menu, "{policy:?}");
    }
}

/// No form where nobody can sign what it would write.
#[test]
fn a_machine_without_a_configuration_offers_no_form_where_it_must_be_signed() {
    for (strictly, form) in [(false, true), (true, false)] {
        let node = strict(GOOD, None);
        std::fs::remove_file(node.root.path("/config/config.yaml")).unwrap();
        if !strictly {
            std::fs::remove_file(node.root.path(CONFIG_POLICY)).unwrap();
        }
        let problem = problem(node.configure());
        let services = crate::node::services(&node);
        assert_eq!(services.contains(&"form".to_owned()), form);
        assert_eq!(
            problem.cure.contains("a form asks"),
            form,
            "{}",
            problem.cure
        );
        assert_eq!(problem.text.contains("config: signed"), strictly);
    }
}

struct Open;

impl Writable for Open {
    fn set_writable(&mut self, _: &Path, _: bool) -> io::Result<()> {
        Ok(())
    }
}

/// A person with a text and the file beside it.
fn apply(node: &TestNode, text: &str, signatures: Option<String>) -> Result<(), ChangeError> {
    let signatures = signatures.map(String::into_bytes);
    let media = &mut node.media();
    let proposal = propose(&node.root, media, "new.yaml", text.into(), signatures)?;
    proposal.write_to_config(&node.root, media, &mut Open)
}

#[test]
fn a_change_brings_its_signature_along() {
    let node = strict(GOOD, Some(&signature(GOOD)));
    assert_eq!(node.configure(), Outcome::Applied);
    let changed = GOOD.replace("edge-1", "edge-2");
    for (case, signatures, said) in [
        ("none", None, "there is no new.yaml.sig beside it"),
        ("of the old text", Some(signature(GOOD)), "Sign it anew"),
    ] {
        let error = apply(&node, &changed, signatures).expect_err(case);
        assert!(error.to_string().contains(said), "{case}: {error}");
        assert_eq!(node.read("config/config.yaml"), GOOD, "{case}");
        assert_eq!(
            node.read("config/config.yaml.sig"),
            signature(GOOD),
            "{case}"
        );
    }
    apply(&node, &changed, Some(signature(&changed))).unwrap();
    assert_eq!(node.read("config/config.yaml"), changed);
    assert_eq!(node.read("config/config.yaml.sig"), signature(&changed));
    let kept = "var/lib/holdfast/config/previous.yaml";
    assert_eq!(node.read(kept), GOOD);
    assert_eq!(node.read(&format!("{kept}.sig")), signature(GOOD));
    assert_eq!(node.configure(), Outcome::Applied);
    assert_eq!(node.read("etc/hostname"), "edge-2\n");
}

/// The text cannot be written, as after a cut between the two files.
#[test]
fn a_cut_between_signature_and_text_leaves_a_file_that_is_believed() {
    let node = strict(GOOD, Some(&signature(GOOD)));
    assert_eq!(node.configure(), Outcome::Applied);
    let changed = GOOD.replace("edge-1", "edge-2");
    let in_the_way = node.root.path("/config/.config.yaml.new/x");
    std::fs::create_dir_all(&in_the_way).unwrap();
    apply(&node, &changed, Some(signature(&changed))).expect_err("no text");
    assert_eq!(node.read("config/config.yaml"), GOOD);
    assert_eq!(node.configure(), Outcome::Applied);
    assert_eq!(node.configured().instead, None);
    // The cut came a moment later.
    node.write("config/config.yaml", &changed);
    assert_eq!(node.configure(), Outcome::Applied);
    assert_eq!(node.configured().instead, None);
}

#[test]
fn a_trial_and_a_backup_keep_their_signatures() {
    let node = strict(GOOD, Some(&signature(GOOD)));
    assert_eq!(node.configure(), Outcome::Applied);
    let tried = GOOD.replace("edge-1", "edge-2");
    let proposed = |signatures: Option<String>| {
        let signatures = signatures.map(String::into_bytes);
        propose(
            &node.root,
            &mut node.media(),
            "a",
            tried.clone().into(),
            signatures,
        )
        .unwrap()
    };
    let ends_ms = Millis(1000);
    let refused = proposed(None).try_it(&node.root, Trial { ends_ms });
    assert!(
        matches!(refused, Err(ChangeError::NotVouched(_))),
        "{refused:?}"
    );
    let signed = proposed(Some(signature(&tried)));
    signed.try_it(&node.root, Trial { ends_ms }).unwrap();
    confirm(&node.root, &mut node.media(), &mut Open).unwrap();
    assert_eq!(node.read("config/config.yaml.sig"), signature(&tried));
    assert_eq!(node.configure(), Outcome::Applied);
    assert_eq!(node.read("etc/hostname"), "edge-2\n");
    // The boot behind a restore.
    let saved = "var/lib/holdfast/config/from-backup.yaml";
    node.write(saved, GOOD);
    node.write(&format!("{saved}.sig"), &signature(GOOD));
    put_restored(&node.root, &mut node.media(), &mut Open).unwrap();
    assert_eq!(node.configure(), Outcome::Applied);
    assert_eq!(node.configured().instead, None);
    assert_eq!(node.read("etc/hostname"), "edge-1\n");
    assert!(!node.exists(saved) && !node.exists(&format!("{saved}.sig")));
}
