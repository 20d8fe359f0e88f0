//! Names of machines, time zones.

use os_config::{DomainName, Hostname, NodeName, ServerAddress, SigningKey, TimeZone};

use super::{same, table};

#[test]
fn names_of_machines() {
    let longest = "a".repeat(63);
    let good = [
        "a",
        "7",
        "store-17",
        "store.17.example",
        "xn--bcher-kva",
        longest.as_str(),
    ];
    let bad = [
        "",
        "-a",
        "a-",
        "a..b",
        ".a",
        "a.",
        "A",
        "a_b",
        "a b",
        "ä",
        &"a".repeat(64),
        "a\n",
    ];
    table(Hostname::parse, &same(&good), &bad);
    table(NodeName::parse, &same(&good), &bad);
    table(
        DomainName::parse,
        &[("cluster.local.", "cluster.local"), ("a", "a")],
        &["", ".", "a b", "*.a"],
    );
    table(
        ServerAddress::parse,
        &[
            ("NTP.example", "ntp.example"),
            ("192.168.1.1", "192.168.1.1"),
            ("2001:db8::1", "2001:db8::1"),
        ],
        &["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "a b", "https://a"],
    );
}

#[test]
fn time_zones() {
    table(
        TimeZone::parse,
        &[
            ("UTC", "UTC"),
            ("europe/berlin", "Europe/Berlin"),
            ("Asia/Kolkata", "Asia/Kolkata"),
            ("Etc/GMT+5", "Etc/GMT+5"),
        ],
        &[
            "",
            "Berlin",
            "CEST",
            "UTC+1",
            "Europe/",
            "../etc/passwd",
            &"x".repeat(10_000),
        ],
    );
}

#[test]
fn public_keys() {
    let good = ["ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="];
    let bad = [
        "",
        "ed25519:",
        "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        "rsa:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
        "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHUR==",
        "ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    ];
    table(SigningKey::parse, &same(&good), &bad);
}
