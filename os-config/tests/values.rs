//! Values that are taken, and what they become; those that are refused are in `bad_input.rs`.

use std::fmt::Display;

use os_config::{
    DomainName, EnvName, FileMode, FlagName, Hostname, HttpUrl, InterfaceName, Invalid, LabelKey,
    LabelValue, MacAddress, ManifestName, ModuleName, NodeName, Owner, Password, RegistryHost,
    ServerAddress, Sources, SshKeySource, Ssid, SysctlKey, Taint, TimeZone, WifiPassphrase,
    WritablePath, load, parse_config,
};

/// Every text of `good` is taken and becomes what stands beside it; every text of `bad` is refused with a remedy.
fn table<T: Display>(parse: fn(&str) -> Result<T, Invalid>, good: &[(&str, &str)], bad: &[&str]) {
    for (text, want) in good {
        let got = parse(text).unwrap_or_else(|invalid| panic!("{text:?}: {invalid}"));
        assert_eq!(got.to_string(), *want, "{text:?}");
    }
    for text in bad {
        let Err(invalid) = parse(text) else {
            panic!("{text:?} was taken");
        };
        assert!(
            !invalid.message.is_empty() && !invalid.help.is_empty(),
            "{text:?}: {invalid:?}"
        );
    }
}

fn same<'a>(texts: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    texts.iter().map(|text| (*text, *text)).collect()
}

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
        ("secret", false),
        ("$ecret", false),
        ("$9$not a known kind", false),
        ("$6$abcdefgh$0123456789abcdefghijklmnop", true),
        ("$y$j9T$abcdefghijklmnop$0123456789abcdefghijklmnop", true),
        ("$2b$12$0123456789abcdefghijklmnop", true),
    ];
    for (text, hash) in cases {
        let got = Password::parse(text).unwrap_or_else(|invalid| panic!("{text}: {invalid}"));
        assert_eq!(matches!(got, Password::Hash(_)), hash, "{text}");
    }
}

#[test]
fn network_values() {
    table(
        MacAddress::parse,
        &[("52-54-00-AB-cd-ef", "52:54:00:ab:cd:ef")],
        &["", "52:54:00:12:34", "52:54:00:12:34:5g", "525400123456"],
    );
    table(
        InterfaceName::parse,
        &same(&["eth0", "enp0s31f6", "wlan0", "eth0.7", "br-lan"]),
        &["", ".", "..", "a/b", "a b", "abcdefghijklmnop"],
    );
    table(
        Ssid::parse,
        &same(&["shop", "Café", "a b"]),
        &["", &"a".repeat(33)],
    );
    table(
        HttpUrl::parse,
        &same(&[
            "https://a.example",
            "http://a:b@[::1]:8080/x?y=z",
            "HTTPS://a",
        ]),
        &[
            "",
            "a.example",
            "ftp://a",
            "https://",
            "https:// a",
            "https://a:99999",
            "http:///x",
        ],
    );
    table(
        RegistryHost::parse,
        &[
            ("docker.io", "docker.io"),
            ("Registry.example:5000", "registry.example:5000"),
            ("*", "*"),
            ("[::1]:5000", "[::1]:5000"),
            ("10.0.0.1:80", "10.0.0.1:80"),
        ],
        &["", "https://a", "a/b", "a:port", "a:99999", "::1"],
    );
}

#[test]
fn kubernetes_values() {
    let longest = "a".repeat(63);
    table(
        LabelKey::parse,
        &same(&["a", "A.b_c-d", "example.com/a", &longest]),
        &[
            "",
            "/",
            "a/",
            "/a",
            "a/b/c",
            "-a",
            "a-",
            "a b",
            "A.com/b",
            &"a".repeat(64),
        ],
    );
    table(
        LabelValue::parse,
        &same(&["", "a", "1.10", "A_b", &longest]),
        &["-", "a ", "a/b", "ä", &"a".repeat(64)],
    );
    table(
        Taint::parse,
        &[
            ("a=b:NoSchedule", "a=b:NoSchedule"),
            ("a:NoExecute", "a:NoExecute"),
            ("a=:NoExecute", "a:NoExecute"),
            ("x.y/a=b:PreferNoSchedule", "x.y/a=b:PreferNoSchedule"),
        ],
        &[
            "",
            "a",
            "a=b",
            "a=b:",
            "a=b:noschedule",
            ":NoSchedule",
            "=b:NoSchedule",
            "a=b c:NoSchedule",
        ],
    );
    table(
        FlagName::parse,
        &[("--max-pods", "max-pods"), ("v", "v")],
        &["", "--", "max_pods", "max-", "a=b"],
    );
    table(
        ManifestName::parse,
        &same(&["a.yaml", "a_b-c"]),
        &["", ".", "..", "../a", "a/b", ".hidden"],
    );
}

#[test]
fn system_values() {
    table(
        ModuleName::parse,
        &same(&["br_netfilter", "nvme-tcp"]),
        &["", "a b", "a.ko", "../a"],
    );
    table(
        SysctlKey::parse,
        &same(&[
            "net.ipv4.ip_forward",
            "net/ipv4/conf/eth0.7/rp_filter",
            "vm.swappiness",
        ]),
        &["", "a", "a.", ".a", "a..b", "a b.c"],
    );
    table(
        EnvName::parse,
        &same(&["A", "_a1"]),
        &["", "1A", "A-B", "A=B"],
    );
    table(
        WritablePath::parse,
        &same(&["/etc/motd", "/usr/local/bin/x", "/var/lib/a b", "/run/..a"]),
        &[
            "",
            "etc/a",
            "/",
            "/etc",
            "/etc/",
            "/usr/bin/a",
            "/etc/../a",
            "/etc/./a",
            "/etc//a",
            "/etcetera/a",
            "/usr/localx/a",
            "/etc/a\0",
            "/var/lib/holdfast/x",
            "/run/holdfast/config.json",
        ],
    );
    table(
        Owner::parse,
        &[
            ("root", "root:root"),
            ("1000:1000", "1000:1000"),
            ("a:b", "a:b"),
        ],
        &["", ":", "a:", ":b", "a:b:c", "a b"],
    );
    for (text, bits) in [
        ("0644", 0o644),
        ("644", 0o644),
        ("0o600", 0o600),
        ("4755", 0o4755),
    ] {
        assert_eq!(FileMode::parse(text).expect(text).bits(), bits);
    }
    for text in ["", "8", "0", "999", "77777", "rw-r--r--", "-644", "0x1ff"] {
        assert!(FileMode::parse(text).is_err(), "{text}");
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

#[test]
fn files_written_on_other_systems_are_read() {
    let cases = [
        (
            "line ends of Windows",
            "version: 1\r\nhostname: box\r\nlabels:\r\n  a: b\r\n"
                .as_bytes()
                .to_vec(),
        ),
        (
            "byte order mark",
            "\u{feff}version: 1\nhostname: box\n".as_bytes().to_vec(),
        ),
        (
            "no line end at the end",
            b"version: 1\nhostname: box".to_vec(),
        ),
        (
            "document markers",
            b"---\nversion: 1\nhostname: box\n...\n".to_vec(),
        ),
        ("flow style", b"{version: 1, hostname: box}".to_vec()),
        ("JSON", b"{\"version\": 1, \"hostname\": \"box\"}".to_vec()),
        ("quotes", b"\"version\": 1\n'hostname': \"box\"\n".to_vec()),
        (
            "aliases",
            b"version: 1\nlabels: {a: &b box}\nhostname: *b\n".to_vec(),
        ),
        ("tag of text", b"version: 1\nhostname: !!str box\n".to_vec()),
    ];
    for (name, text) in cases {
        let config =
            parse_config("config.yaml", &text).unwrap_or_else(|report| panic!("{name}: {report}"));
        assert_eq!(
            config.hostname.map(|name| name.to_string()).as_deref(),
            Some("box"),
            "{name}"
        );
    }
}

#[test]
fn places_are_right_with_line_ends_of_windows_and_wide_letters() {
    let text = "version: 1\r\nlabels: {\"zone\": \"ä\", bad key: x}\r\n";
    let report = load(&Sources::one("config.yaml", text)).expect_err("the key is wrong");
    let places: Vec<(usize, usize)> = report
        .problems()
        .iter()
        .map(|p| (p.line, p.column))
        .collect();
    assert_eq!(places, [(2, 18), (2, 23)], "{report}");
}

#[test]
fn addresses_made_from_the_service_network() {
    let config = parse_config(
        "c",
        b"version: 1\nkubernetes: {service_cidr: 10.96.0.0/12}\n",
    )
    .expect("sound");
    assert_eq!(config.kubernetes.dns_address().to_string(), "10.96.0.10");
    assert_eq!(
        config.kubernetes.api_service_address().to_string(),
        "10.96.0.1"
    );
    let text =
        "version: 1\nkubernetes: {pod_cidr: \"fd00:1::/56\", service_cidr: \"fd00:2::/112\"}\n";
    let config = parse_config("c", text.as_bytes()).expect("sound");
    assert_eq!(config.kubernetes.dns_address().to_string(), "fd00:2::a");
}

#[test]
fn what_an_interface_becomes() {
    let cases = [
        ("name: eth0", (true, true, true)),
        ("name: eth0, addresses: [10.0.0.2/24]", (false, true, true)),
        (
            "name: eth0, addresses: [10.0.0.2/24], dhcp: true",
            (true, true, true),
        ),
        (
            "name: eth0, addresses: ['fd00::2/64'], ipv6: static",
            (true, false, true),
        ),
        ("name: eth0, ipv6: off", (true, false, false)),
    ];
    for (text, want) in cases {
        let text = format!("version: 1\nnetwork: {{interfaces: [{{{text}}}]}}\n");
        let config = parse_config("c", text.as_bytes()).unwrap_or_else(|report| panic!("{report}"));
        let it = &config.network.interfaces[0];
        assert_eq!((it.dhcp4, it.auto6, it.ipv6), want, "{text}");
    }
}
