//! Profiles that NetworkManager takes. It drops a whole profile for one property that does not fit, without a word to us.

use node_setup::{Facts, Step, plan};
use os_config::parse_config;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What of `network` is configured, and lines that the profile of eth0 must or must not have.
const CASES: [(&str, &str, &[&str], &[&str]); 9] = [
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

/// The rules that NetworkManager has for families (nm-setting-ip-config.c), for machines without `nmcli`.
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

/// `nmcli`: this machine's, else that of the image's packages where they are unpacked.
fn nmcli(scratch: &Path) -> Option<Vec<PathBuf>> {
    let works = |words: &Vec<PathBuf>| {
        let said = Command::new(&words[0])
            .args(&words[1..])
            .arg("--version")
            .output();
        said.is_ok_and(|said| said.status.success())
    };
    let here = vec![PathBuf::from("nmcli")];
    if works(&here) {
        return Some(here);
    }
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("../build/cache/unpacked");
    let packages = fs::read_dir(unpacked).ok()?.flatten();
    let usr: Vec<PathBuf> = packages
        .map(|entry| entry.path().join("content/usr"))
        .collect();
    let program = usr
        .iter()
        .map(|usr| usr.join("bin/nmcli"))
        .find(|path| path.exists())?;
    let folder = format!("lib/{}-linux-gnu", std::env::consts::ARCH);
    for library in usr
        .iter()
        .filter_map(|usr| fs::read_dir(usr.join(&folder)).ok())
        .flatten()
    {
        link_library(&library.ok()?.path(), scratch)?;
    }
    let loader = scratch.join("loader");
    fs::copy(scratch.join("ld-linux-x86-64.so.2"), &loader).ok()?;
    fs::set_permissions(&loader, fs::Permissions::from_mode(0o700)).ok()?;
    let images = vec![loader, "--library-path".into(), scratch.to_owned(), program];
    works(&images).then_some(images)
}

/// Unpacked files lie there without their modes and links: `libnm.so.0.1.0` is wanted as `libnm.so.0`.
fn link_library(file: &Path, folder: &Path) -> Option<()> {
    let mut name = file.file_name()?.to_str()?;
    while name.contains(".so.") {
        let link = folder.join(name);
        if !link.exists() {
            std::os::unix::fs::symlink(file, link).ok()?;
        }
        name = name.rsplit_once('.')?.0;
    }
    Some(())
}

#[test]
fn networkmanager_takes_every_profile() {
    let folder = tempfile::tempdir().unwrap();
    let Some(nmcli) = nmcli(folder.path()) else {
        println!("skipped: no nmcli here, and no unpacked packages of the image below build/cache");
        return;
    };
    let path = folder.path().join("profile");
    for (name, profile) in all() {
        fs::write(&path, &profile).unwrap();
        let output = Command::new(&nmcli[0])
            .args(&nmcli[1..])
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
