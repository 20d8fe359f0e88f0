//! What an image says about sources of configuration.

use crate::node::{GOOD, TestNode};
use bundle::PrivateKey;
use disk::layout::Reset;
use init_api::paths::CONFIG_POLICY;
use node_setup::policy::sign;
use node_setup::{Outcome, Stick, configure};

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
