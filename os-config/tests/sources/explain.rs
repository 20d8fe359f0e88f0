//! What is said about which source won.

use os_config::SourceName;

use super::{CARD, loaded, one};

#[test]
fn explain_names_the_winner_and_the_losers() {
    let all = loaded(vec![
        (
            SourceName::Image,
            "/image.yaml",
            "version: 1\nhostname: image\n",
        ),
        (SourceName::ConfigPartition, "/config/config.yaml", CARD),
        (
            SourceName::CommandLine,
            "/proc/cmdline",
            "quiet holdfast.hostname=cmdline",
        ),
    ]);
    let cases = [
        (
            "hostname",
            "hostname = \"cmdline\"\n    from: kernel command line, /proc/cmdline:1\n    \
             lost: CONFIG partition, /config/config.yaml:2 = \"card\"\n    lost: image, /image.yaml:2 = \"image\"\n",
        ),
        (
            "timezone",
            "timezone = \"UTC\"\n    from: built-in default\n",
        ),
        (
            "labels[zone]",
            "labels.zone = \"north\"\n    from: CONFIG partition, /config/config.yaml:4\n",
        ),
        (
            "ntp_servers[1]",
            "ntp_servers[1] = \"b.example\"\n    from: CONFIG partition, /config/config.yaml:3\n",
        ),
        ("config_url", "config_url is not set and has no default\n"),
        (
            "labels",
            "labels.zone = \"north\"\n    from: CONFIG partition, /config/config.yaml:4\n\
             labels.site = \"one\"\n    from: CONFIG partition, /config/config.yaml:4\n",
        ),
    ];
    for (key, want) in cases {
        let got = all
            .explain(key)
            .unwrap_or_else(|error| panic!("{error}"))
            .to_string();
        assert!(got.starts_with(want), "{key}\nwant\n{want}\ngot\n{got}");
        assert!(got.len() > want.len(), "{key} has no meaning:\n{got}");
    }
}

#[test]
fn explain_knows_which_keys_exist() {
    let all = one("version: 1\n");
    let cases = [
        (
            "hostnme",
            "there is no key `hostnme`; did you mean `hostname`?",
        ),
        (
            "network.dns.serch",
            "there is no key `network.dns.serch`; did you mean `network.dns.search`?",
        ),
        ("hostname.x", "there is no key `hostname.x`"),
        ("a..b", "there is no key `a..b`"),
    ];
    for (key, want) in cases {
        assert_eq!(all.explain(key).expect_err(key).to_string(), want);
    }
}
