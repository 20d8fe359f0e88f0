//! The network, and what an interface becomes.

use os_config::{
    HttpUrl, InterfaceName, MacAddress, RegistryHost, Ssid, WifiCountry, parse_config,
};

use super::{same, table};

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
        WifiCountry::parse,
        &[("DE", "DE"), ("us", "US")],
        &["", "D", "DEU", "D1", "Ö"],
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
