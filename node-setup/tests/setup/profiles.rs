//! Profiles that NetworkManager takes. It drops a whole profile for one property that does not fit, without a word to us.

use node_setup::{Facts, Profile, Reload, Step, plan};
use os_config::parse_config;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What of `network` is configured, and lines that the profile of eth0 must or must not have.
const CASES: [(&str, &str, &[&str], &[&str]); 11] = [
    (
        "search domains, IPv6 off",
        "{dns: {search: [a.example]}, interfaces: [{name: eth0, addresses: [192.168.1.10/24], gateway: 192.168.1.1, ipv6: off}]}",
        &["[ipv4] dns-search=a.example;", "[ipv6] method=disabled"],
        &["[ipv6] dns-search"],
    ),
    (
        "an IPv6 name server of the machine, IPv6 off",
        "{dns: {nameservers: [9.9.9.9, '2620:fe::fe']}, interfaces: [{name: eth0, addresses: [192.168.1.10/24], ipv6: off}]}",
        &["[ipv4] dns=9.9.9.9;"],
        &["[ipv6] dns"],
    ),
    (
        "an IPv6 name server of the machine, fixed addresses without one of IPv6",
        "{dns: {nameservers: ['2620:fe::fe'], search: [a.example]}, interfaces: [{name: eth0, addresses: [192.168.1.10/24], ipv6: static}]}",
        &["[ipv6] method=link-local"],
        &["[ipv6] dns"],
    ),
    (
        "an IPv4 name server of the machine, no IPv4 address",
        "{dns: {nameservers: [9.9.9.9, '2620:fe::fe'], search: [a.example]}, interfaces: [{name: eth0, dhcp: false, addresses: ['fd00::10/64']}]}",
        &[
            "[ipv4] method=disabled",
            "[ipv6] dns=2620:fe::fe;",
            "[ipv6] dns-search=a.example;",
        ],
        &["[ipv4] dns"],
    ),
    (
        "a router on the link, no address",
        "{interfaces: [{name: eth0, addresses: [192.168.1.10/24], gateway: [192.168.1.1, 'fe80::1'], routes: [{to: '2001:db8:1::/48', via: 'fe80::2'}]}]}",
        &[
            "[ipv4] gateway=192.168.1.1",
            "[ipv6] route1=::/0,fe80::1",
            "[ipv6] route2=2001:db8:1::/48,fe80::2",
        ],
        &["[ipv6] gateway"],
    ),
    (
        "a router on the link, link-local addresses alone",
        "{interfaces: [{name: eth0, addresses: [192.168.1.10/24], ipv6: static, gateway: ['fe80::1']}]}",
        &["[ipv6] method=link-local", "[ipv6] route1=::/0,fe80::1"],
        &["[ipv6] gateway"],
    ),
    (
        "a router on the link, an address",
        "{interfaces: [{name: eth0, dhcp: false, addresses: ['2001:db8::10/64'], ipv6: static, gateway: 'fe80::1', dns: {nameservers: ['2001:db8::1']}}]}",
        &[
            "[ipv6] method=manual",
            "[ipv6] gateway=fe80::1",
            "[ipv6] dns=2001:db8::1;",
        ],
        &["[ipv6] route1"],
    ),
    (
        "a second address beside DHCP",
        "{dns: {search: [a.example]}, interfaces: [{name: eth0, dhcp: true, addresses: [192.168.1.10/24], routes: [{to: default, metric: 5}]}]}",
        &[
            "[ipv4] method=auto",
            "[ipv4] address1=192.168.1.10/24",
            "[ipv4] dns-search=a.example;",
        ],
        &[],
    ),
    (
        "two ways out: the first in the file before the second",
        "{interfaces: [{match: {mac: '52:54:00:12:34:56'}}, {name: eth0, addresses: [10.0.0.2/24], gateway: 10.0.0.1, ipv6: off}]}",
        &["[ipv4] route-metric=51", "[ipv4] gateway=10.0.0.1"],
        &["[ipv6] route-metric"],
    ),
    (
        "a single address, its router on the link",
        "{interfaces: [{name: eth0, addresses: [203.0.113.7/32, '2001:db8::7/128'], gateway: [198.51.100.1, '2001:db8:ffff::1']}]}",
        &[
            "[ipv4] gateway=198.51.100.1",
            "[ipv4] route1=198.51.100.1/32,0.0.0.0",
            "[ipv6] gateway=2001:db8:ffff::1",
            "[ipv6] route1=2001:db8:ffff::1/128,::",
        ],
        &["[ipv4] route2", "[ipv6] route2"],
    ),
    (
        "Wi-Fi with settings",
        "{dns: {nameservers: ['2620:fe::fe'], search: [a.example]}, wifi: [{name: x, passphrase: long enough}], \
         interfaces: [{name: wlan0, addresses: [10.0.0.2/24], ipv6: off}, {name: eth0}]}",
        &["[ipv6] dns=2620:fe::fe;"],
        &[],
    ),
];

fn profiles(text: &str) -> BTreeMap<String, String> {
    let config = parse_config("config.yaml", text.as_bytes())
        .unwrap_or_else(|report| panic!("{text}\n{report}"));
    let steps = plan(&config, &Facts::default());
    let profile = |step: Step| match step {
        Step::WriteFile { path, content, .. } if path.extension()? == "nmconnection" => {
            let name = path.file_stem()?.to_str()?.to_owned();
            Some((name, String::from_utf8(content.0).ok()?))
        }
        _ => None,
    };
    steps.into_iter().filter_map(profile).collect()
}

/// All profiles of the cases, and of the configuration that has everything.
fn all() -> Vec<(String, String)> {
    let texts = CASES
        .iter()
        .map(|(case, network, ..)| (*case, format!("version: 1\nnetwork: {network}\n")));
    let full = ("everything", include_str!("cases/full.yaml").to_owned());
    texts
        .chain([full])
        .flat_map(|(case, text)| {
            let named = move |(name, text)| (format!("{case}: {name}"), text);
            profiles(&text).into_iter().map(named)
        })
        .collect()
}

/// `[section] key=value` of each line.
fn lines(profile: &str) -> Vec<String> {
    let mut section = "";
    let mut lines = Vec::new();
    for line in profile.lines().filter(|line| !line.is_empty()) {
        if line.starts_with('[') {
            section = line;
        } else {
            lines.push(format!("{section} {line}"));
        }
    }
    lines
}

#[test]
fn each_family_says_what_goes_with_it() {
    for (case, network, present, absent) in CASES {
        let profiles = profiles(&format!("version: 1\nnetwork: {network}\n"));
        let lines = lines(&profiles["holdfast-eth0"]);
        for line in present {
            assert!(
                lines.iter().any(|is| is == line),
                "{case}: no {line}: {lines:#?}"
            );
        }
        for start in absent {
            assert!(
                !lines.iter().any(|is| is.starts_with(start)),
                "{case}: {start}: {lines:#?}"
            );
        }
    }
}

/// Its fixed addresses, and DHCP; nothing of what reaches nobody; and NetworkManager does not take it by itself.
#[test]
fn a_last_resort_is_for_fixed_addresses_alone() {
    let card = "name: eth0, addresses: [192.168.1.10/24], gateway: 192.168.1.1, routes: [{to: 10.9.0.0/16, via: 192.168.1.254}]";
    let name = "holdfast-last-resort-eth0";
    for (case, network, expected) in [
        (
            "fixed addresses",
            format!("{{interfaces: [{{{card}}}]}}"),
            true,
        ),
        (
            "and DHCP",
            format!("{{interfaces: [{{{card}, dhcp: true}}]}}"),
            false,
        ),
        (
            "switched off",
            format!("{{last_resort: false, interfaces: [{{{card}}}]}}"),
            false,
        ),
        (
            "DHCP",
            "{interfaces: [{name: eth0, mtu: 1400}]}".to_owned(),
            false,
        ),
    ] {
        let profiles = profiles(&format!("version: 1\nnetwork: {network}\n"));
        assert_eq!(profiles.contains_key(name), expected, "{case}");
        let Some(profile) = profiles.get(name) else {
            continue;
        };
        let lines = lines(profile);
        for line in [
            "[connection] autoconnect=false",
            "[ipv4] method=auto",
            "[ipv4] address1=192.168.1.10/24",
        ] {
            assert!(lines.iter().any(|is| is == line), "{line}: {lines:#?}");
        }
        for start in ["[ipv4] gateway", "[ipv4] route1"] {
            assert!(!lines.iter().any(|is| is.starts_with(start)), "{lines:#?}");
        }
    }
}

/// The rules that NetworkManager has for families (nm-setting-ip-config.c).
#[test]
fn no_property_contradicts_its_family() {
    for (name, profile) in all() {
        let lines = lines(&profile);
        for family in ["[ipv4]", "[ipv6]"] {
            let has = |key: &str| {
                lines
                    .iter()
                    .any(|line| line.starts_with(&format!("{family} {key}")))
            };
            let takes_names = has("method=auto") || has("method=manual");
            assert!(
                takes_names || !has("dns"),
                "{name}: {family} name servers\n{profile}"
            );
            assert!(
                takes_names || !has("address"),
                "{name}: {family} addresses\n{profile}"
            );
            assert!(
                has("address1=") || !has("gateway="),
                "{name}: {family} gateway\n{profile}"
            );
            assert!(
                has("address1=") || !has("method=manual"),
                "{name}: {family}\n{profile}"
            );
        }
    }
}

/// What `node configure` looks for after a change must be what the profile says, or it looks for something else.
#[test]
fn what_is_looked_for_later_is_what_the_profile_says() {
    for (case, network, ..) in CASES {
        let text = format!("version: 1\nnetwork: {network}\n");
        let config = parse_config("config.yaml", text.as_bytes()).unwrap();
        let facts = Facts {
            ran_before: true,
            ..Facts::default()
        };
        let steps = plan(&config, &facts);
        let change = steps.into_iter().find_map(|step| match step {
            Step::Reload {
                what: Reload::Network(change),
                ..
            } => Some(change),
            _ => None,
        });
        let texts = profiles(&text);
        let wanted = change.expect("every profile is new").profiles;
        let names: BTreeSet<&String> = wanted.iter().map(|profile| &profile.name).collect();
        // The profile of a last resort is wanted by nobody but its own service.
        let of_devices = texts.keys().filter(|name| !name.contains("last-resort"));
        assert_eq!(names, of_devices.collect(), "{case}");
        for profile in wanted {
            assert_eq!(
                looked_for(&profile),
                said_by(&texts[&profile.name]),
                "{case}: {}",
                profile.name
            );
        }
    }
}

fn looked_for(profile: &Profile) -> BTreeSet<String> {
    let fixed = &profile.fixed;
    let addresses = fixed.addresses.iter().map(|it| format!("address {it}"));
    let servers = fixed.name_servers.iter().map(|it| format!("server {it}"));
    let routes = fixed.routes.iter().map(|(to, via)| {
        let unspecified = if to.addr().is_ipv4() { "0.0.0.0" } else { "::" };
        let via = via.map_or(unspecified.to_owned(), |via| via.to_string());
        format!("route {to} {via}")
    });
    addresses.chain(servers).chain(routes).collect()
}

fn said_by(profile: &str) -> BTreeSet<String> {
    let mut said = BTreeSet::new();
    for line in lines(profile) {
        let (key, value) = line.split_once('=').unwrap();
        let (family, key) = key.split_once(' ').unwrap();
        let everything = if family == "[ipv4]" {
            "0.0.0.0/0"
        } else {
            "::/0"
        };
        let mut add = |line: String| said.insert(line);
        match key.trim_end_matches(char::is_numeric) {
            "address" => add(format!("address {value}")),
            "gateway" => add(format!("route {everything} {value}")),
            "route" => {
                let mut parts = value.split(',');
                let (to, via) = (parts.next().unwrap(), parts.next().unwrap());
                add(format!("route {to} {via}"))
            }
            "dns" => value
                .split_terminator(';')
                .all(|server| add(format!("server {server}"))),
            _ => true,
        };
    }
    said
}

/// `nmcli`: this machine's, or the one that tools/setup fetched.
fn nmcli() -> PathBuf {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join("../build/tools/nmcli");
    let works = |program: &PathBuf| {
        let said = Command::new(program).arg("--version").output();
        said.is_ok_and(|said| said.status.success())
    };
    let programs = [PathBuf::from("nmcli"), fetched];
    let found = programs.into_iter().find(works);
    found.expect("nmcli is missing: run tools/setup")
}

#[test]
fn networkmanager_takes_every_profile() {
    let folder = tempfile::tempdir().unwrap();
    let nmcli = nmcli();
    let path = folder.path().join("profile");
    for (name, profile) in all() {
        fs::write(&path, &profile).unwrap();
        let output = Command::new(&nmcli)
            .args([
                "--offline",
                "connection",
                "modify",
                "connection.autoconnect",
                "yes",
            ])
            .stdin(File::open(&path).unwrap())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {said}\n{profile}");
    }
}
