//! Whatever the program takes, the schema takes: each value on its own, and the whole example with a few bytes changed.

use std::sync::LazyLock;

use jsonschema::Validator;
use os_config::{Loaded, Sources, load};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};
use proptest::sample::select;
use proptest::test_runner::TestCaseError;

use super::judge::{complaints, json_of, validator};

static VALIDATOR: LazyLock<Validator> = LazyLock::new(validator);

/// Configurations of one value, `"@"`.
const PLACES: &[&str] = &[
    r#"{"version": 1, "hostname": "@"}"#,
    r#"{"version": 1, "timezone": "@"}"#,
    r#"{"version": 1, "ssh_authorized_keys": ["@"]}"#,
    r#"{"version": 1, "password": "@"}"#,
    r#"{"version": 1, "write_files": [{"path": "@"}]}"#,
    r#"{"version": 1, "write_files": [{"path": "/etc/a", "owner": "@"}]}"#,
    r#"{"version": 1, "write_files": [{"path": "/etc/a", "permissions": "@"}]}"#,
    r#"{"version": 1, "init_commands": ["@"]}"#,
    r#"{"version": 1, "run_commands": [["@"]]}"#,
    r#"{"version": 1, "modules": ["@"]}"#,
    r#"{"version": 1, "sysctls": {"@": "1"}}"#,
    r#"{"version": 1, "sysctls": {"a.b": "@"}}"#,
    r#"{"version": 1, "environment": {"@": "1"}}"#,
    r#"{"version": 1, "environment": {"A": "@"}}"#,
    r#"{"version": 1, "ntp_servers": ["@"]}"#,
    r#"{"version": 1, "network": {"dns": {"nameservers": ["@"]}}}"#,
    r#"{"version": 1, "network": {"dns": {"search": ["@"]}}}"#,
    r#"{"version": 1, "network": {"interfaces": [{"name": "@"}]}}"#,
    r#"{"version": 1, "network": {"interfaces": [{"match": {"mac": "@"}}]}}"#,
    r#"{"version": 1, "network": {"interfaces": [{"name": "eth0", "addresses": ["@"]}]}}"#,
    r#"{"version": 1, "network": {"interfaces": [{"name": "a", "addresses": ["192.168.1.9/24"], "gateway": "@"}]}}"#,
    r#"{"version": 1, "network": {"interfaces": [{"name": "a", "routes": [{"to": "@"}]}]}}"#,
    r#"{"version": 1, "network": {"interfaces": [{"name": "a", "routes": [{"to": "default", "via": "@"}]}]}}"#,
    r#"{"version": 1, "network": {"wifi": [{"name": "@"}]}}"#,
    r#"{"version": 1, "network": {"wifi": [{"name": "a", "passphrase": "@"}]}}"#,
    r#"{"version": 1, "network": {"proxy": {"http": "@"}}}"#,
    r#"{"version": 1, "network": {"proxy": {"no_proxy": "@"}}}"#,
    r#"{"version": 1, "install": {"disk": {"path": "@"}}}"#,
    r#"{"version": 1, "install": {"disk": {"model": "@"}}}"#,
    r#"{"version": 1, "install": {"disk": {"min_size": "@"}}}"#,
    r#"{"version": 1, "labels": {"@": "1"}}"#,
    r#"{"version": 1, "labels": {"a": "@"}}"#,
    r#"{"version": 1, "taints": ["@"]}"#,
    r#"{"version": 1, "taints": [{"key": "@", "effect": "NoExecute"}]}"#,
    r#"{"version": 1, "taints": [{"key": "a", "value": "@", "effect": "NoExecute"}]}"#,
    r#"{"version": 1, "kubernetes": {"node_name": "@"}}"#,
    r#"{"version": 1, "kubernetes": {"node_address": "@"}}"#,
    r#"{"version": 1, "kubernetes": {"pod_cidr": "@"}}"#,
    r#"{"version": 1, "kubernetes": {"service_cidr": "@"}}"#,
    r#"{"version": 1, "kubernetes": {"cluster_domain": "@"}}"#,
    r#"{"version": 1, "kubernetes": {"tls_sans": ["@"]}}"#,
    r#"{"version": 1, "kubernetes": {"kubelet_args": {"@": "1"}}}"#,
    r#"{"version": 1, "registries": {"mirrors": {"@": {"endpoints": "https://a.example"}}}}"#,
    r#"{"version": 1, "registries": {"mirrors": {"a.example": {"endpoints": ["@"]}}}}"#,
    r#"{"version": 1, "registries": {"configs": {"a.example": {"auth": {"token": "@"}}}}}"#,
    r#"{"version": 1, "registries": {"configs": {"a.example": {"tls": {"ca": "@"}}}}}"#,
    r#"{"version": 1, "manifests": [{"name": "@", "content": "a: b"}]}"#,
    r#"{"version": 1, "manifests": [{"name": "a.yaml", "content": "@"}]}"#,
    r#"{"version": 1, "manifests": [{"name": "a.yaml", "url": "@"}]}"#,
    r#"{"version": 1, "images": [{"path": "@"}]}"#,
    r#"{"version": 1, "images": [{"url": "@"}]}"#,
    r#"{"version": 1, "config_url": "@"}"#,
];

/// Values that some key takes.
const GOOD: &[&str] = &[
    "a",
    "store-17.a",
    "shop.example.",
    "Store.Example",
    "Europe/Berlin",
    "Etc/GMT+12",
    "github:alice",
    "https://keys.example/site.pub",
    "HTTP://[fe80::1]:80/a?b#c",
    "http://user:pass%23word@proxy.example:3128/",
    "from=\"10.0.0.0/8\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2lQ1mVJZyYb0m9bYwDMLzSp0vH8o3rYt1kJm4c9XfQ a b",
    "$6$abcdefgh$0123456789abcdefghijklmnopqrstuvwxyz",
    "/usr/local/bin/my tool",
    "/var/lib/images/app.tar",
    "/dev/disk/by-id/nvme-A_1",
    "1.5 TB",
    "1000:adm",
    "0o644",
    "00644",
    "644",
    "ip link set eth0 up",
    "net.ipv4.conf.all/forwarding",
    "-br_netfilter",
    "HTTP_PROXY_2",
    "192.168.1.5",
    "192.168.1.5/24",
    "10.20.0.0/16",
    "2001:db8::10",
    "2001:db8::/64",
    "::",
    "::/0",
    "::ffff:10.0.0.1/128",
    "default",
    "52-54-00-12-aB-56",
    "enp1s0.100",
    "a passphrase of ~63",
    ".example, 10.0.0.0/8",
    "example.com/site_A.b",
    "example.com/gpu=true:NoSchedule",
    "a=:NoExecute",
    "--max-pods",
    "*",
    "[::1]:5000",
    "Registry.example:+5000",
    "my-app.yaml",
    "-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----",
];

/// A good value, maybe with some characters changed, or anything.
fn value() -> impl Strategy<Value = String> {
    let character = || prop_oneof!["[ -~]", Just("\t".to_owned()), "\\PC"];
    let hits = prop::collection::vec(
        (any::<prop::sample::Index>(), any::<bool>(), character()),
        0..3,
    );
    let changed = (select(GOOD), hits).prop_map(|(good, hits)| {
        let mut text: Vec<String> = good.chars().map(String::from).collect();
        for (at, instead, character) in hits {
            let at = at.index(text.len());
            if instead {
                text[at] = character;
            } else {
                text.insert(at, character);
            }
        }
        text.concat()
    });
    prop_oneof![4 => changed, 1 => "[a-zA-Z0-9_.:/@*+=-]{0,70}", 1 => "\\PC{0,8}"]
}

/// The whole example with some bytes changed.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let whole = include_bytes!("../full.yaml").to_vec();
    let hits = prop::collection::vec((0..whole.len(), 0x20..0x7f_u8), 1..3);
    hits.prop_map(move |hits| {
        let mut text = whole.clone();
        for (at, byte) in hits {
            text[at] = byte;
        }
        text
    })
}

/// As the program has read it, so that nothing hangs on how two YAML readers differ.
fn taken_too(loaded: &Loaded) -> Result<(), TestCaseError> {
    let text = loaded.merged_yaml();
    let json = json_of(text.as_bytes());
    let json = json.ok_or_else(|| TestCaseError::fail(format!("no YAML:\n{text}")))?;
    let complaints = complaints(&VALIDATOR, &json);
    if complaints.is_empty() {
        return Ok(());
    }
    Err(TestCaseError::fail(format!("{complaints:#?}\n{text}")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn by_a_value(place in select(PLACES), value in value()) {
        let quoted = serde_json::Value::from(value).to_string();
        let text = place.replace("\"@\"", &quoted);
        if let Ok(loaded) = load(&Sources::one("config.yaml", text.as_str())) {
            taken_too(&loaded)?;
        }
    }
}

proptest! {
    #[test]
    fn by_a_whole_file(text in damaged()) {
        if let Ok(loaded) = load(&Sources::one("config.yaml", text)) {
            taken_too(&loaded)?;
        }
    }
}

/// Otherwise the test above would prove nothing.
#[test]
fn every_place_takes_a_good_value() {
    for place in PLACES {
        let taken = GOOD.iter().filter(|good| {
            let quoted = serde_json::Value::from(**good).to_string();
            let text = place.replace("\"@\"", &quoted);
            load(&Sources::one("config.yaml", text.as_str())).is_ok_and(|loaded| {
                taken_too(&loaded).unwrap_or_else(|error| panic!("{place} {good}: {error}"));
                true
            })
        });
        assert!(taken.count() > 0, "{place}");
    }
}
