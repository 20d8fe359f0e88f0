//! Which source wins.

use os_config::{Source, SourceName, Sources, load};

use super::{CARD, loaded, one};

#[test]
fn no_source_at_all_gives_the_defaults() {
    let nothing = load(&Sources::new()).expect("defaults are sound");
    let minimal = one("version: 1\n");
    assert_eq!(nothing.config(), &os_config::Config::default());
    assert_eq!(minimal.config(), nothing.config());
    // The defaults that are shown come from the schema; they must be those in force.
    let shown = minimal.secret_yaml();
    assert!(shown.lines().count() > 15, "{shown}");
    assert_eq!(one(&shown).config(), nothing.config(), "{shown}");
}

#[test]
fn later_wins_key_by_key_whatever_the_order_of_adding() {
    let all = loaded(vec![
        (
            SourceName::CommandLine,
            "/proc/cmdline",
            "quiet holdfast.hostname=cmdline holdfast.roothash=ab12 holdfast.rootsize=8192 holdfast.version=0.1.0",
        ),
        (SourceName::ConfigPartition, "/config/config.yaml", CARD),
        (
            SourceName::UsbStick,
            "/usb/config.yaml",
            "version: 1\nntp_servers: [c.example]\nlabels: {zone: south}\n",
        ),
        (
            SourceName::Image,
            "/usr/lib/holdfast/default-config.yaml",
            "version: 1\ntimezone: Europe/Berlin\nhostname: image\n",
        ),
    ]);
    let config = all.config();
    assert_eq!(
        config.hostname.as_ref().map(|name| name.as_str()),
        Some("cmdline")
    );
    assert_eq!(config.timezone.as_str(), "Europe/Berlin");
    let servers: Vec<&str> = config
        .ntp_servers
        .as_slice()
        .iter()
        .map(|server| server.as_str())
        .collect();
    assert_eq!(servers, ["c.example"], "lists replace");
    let labels: Vec<String> = config
        .labels
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    assert_eq!(labels, ["site=one", "zone=south"], "mappings merge");
}

#[test]
fn a_stronger_source_mends_a_wrong_value_but_not_a_wrong_key() {
    let mut sources = Sources::one("config.yaml", "version: 1\nhostname: Not_Valid\n");
    assert!(load(&sources).is_err());
    sources.add(Source::new(
        SourceName::UsbStick,
        "stick",
        "version: 1\nhostname: good\n",
    ));
    assert!(load(&sources).is_ok());
    sources.add(Source::new(
        SourceName::Image,
        "image",
        "version: 1\nhostnme: box\n",
    ));
    let report = load(&sources).expect_err("the image's key is unknown");
    assert_eq!(report.problems()[0].source, Some(SourceName::Image));
    assert_eq!(report.problems()[0].file, "image");
}
