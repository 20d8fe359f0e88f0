//! Who may log in; secrets.

use os_config::{Password, SshKeySource, WifiPassphrase};

use super::{same, table};

#[test]
fn ssh_keys() {
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2lQ1mVJZyYb0m9bYwDMLzSp0vH8o3rYt1kJm4c9XfQ";
    let commented = format!("{key} you@laptop");
    let restricted = format!("from=\"10.0.0.0/8\",no-pty {key}");
    let good = [
        key,
        commented.as_str(),
        restricted.as_str(),
        "github:a-b",
        "gitlab:a.b_c",
        "https://keys.example/a",
    ];
    let short = &key[..key.len() - 20];
    let wrong_kind = key.replace("ssh-ed25519 ", "ssh-rsa ");
    let (no_text, no_blank) = (
        format!("{key}\u{0}"),
        key.replace("ssh-ed25519 ", "ssh-ed25519\u{a0}"),
    );
    table(
        SshKeySource::parse,
        &same(&good),
        &[
            "",
            "ssh-ed25519",
            "github:",
            "github:a/b",
            "ftp://a",
            &wrong_kind,
            &no_text,
            &no_blank,
            "AAAAC3",
        ],
    );
    assert!(SshKeySource::parse(short).is_err(), "a key cut short");
    assert_eq!(
        SshKeySource::parse("github:a")
            .expect("sound")
            .url()
            .as_deref(),
        Some("https://github.com/a.keys")
    );
    assert_eq!(SshKeySource::parse(key).expect("sound").url(), None);
}

#[test]
fn passwords_are_told_from_hashes() {
    let cases = [
        ("secretly".to_owned(), false),
        ("$ecretly".to_owned(), false),
        (format!("$6$abcdefgh${}", "x".repeat(86)), true),
        (format!("$y$j9T$abcdefghijklmnop${}", "x".repeat(43)), true),
        (format!("$2b$12${}", "x".repeat(53)), true),
    ];
    for (text, hash) in cases {
        let got = Password::parse(&text).unwrap_or_else(|invalid| panic!("{text}: {invalid}"));
        assert_eq!(matches!(got, Password::Hash(_)), hash, "{text}");
    }
}

#[test]
fn secrets() {
    let key = "0123456789abcdef".repeat(4);
    for text in ["12345678", "correct horse battery", &"a".repeat(63), &key] {
        assert_eq!(WifiPassphrase::parse(text).expect(text).reveal(), text);
    }
    for text in ["", "1234567", &"g".repeat(64), "pässwörter"] {
        assert!(WifiPassphrase::parse(text).is_err(), "{text}");
    }
}
