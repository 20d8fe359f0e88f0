//! What is written down can be read again and means the same.

use super::{FULL, one};

#[test]
fn what_is_shown_can_be_read_again_and_means_the_same() {
    let all = one(FULL);
    for text in [all.secret_yaml(), all.merged_yaml()] {
        assert_eq!(one(&text).config(), all.config(), "{text}");
    }
}

#[test]
fn the_checked_configuration_survives_json() {
    let config = one(FULL).into_config();
    let json = serde_json::to_string(&config).expect("a configuration is JSON");
    let again: os_config::Config =
        serde_json::from_str(&json).expect("its JSON is a configuration");
    assert_eq!(again, config);
    let broken = json.replace("\"full-17\"", "\"Not_Valid\"");
    assert!(
        serde_json::from_str::<os_config::Config>(&broken).is_err(),
        "checks hold for JSON too"
    );
}

#[test]
fn the_whole_example_uses_every_key() {
    let schema: serde_json::Value =
        serde_json::from_str(&os_config::schema_json()).expect("the schema is JSON");
    let refused = [
        "server_url",
        "token",
        "cluster",
        "data_sources",
        "install",
        "upgrade",
        "health",
    ];
    for key in schema["properties"]
        .as_object()
        .expect("the schema has keys")
        .keys()
    {
        let given = FULL
            .lines()
            .any(|line| line.starts_with(&format!("{key}:")));
        assert_eq!(given, !refused.contains(&key.as_str()), "{key}");
    }
}

/// What is kept as last-good.yaml must be read again, and mean the same.
#[test]
fn numbers_and_truths_in_any_spelling_are_kept_as_what_they_mean() {
    let text = "version: +1\nsysctls: {vm.swappiness: 0o12, vm.max_map_count: 007}\n\
        labels: {a: True, b: FALSE, c: true, d: 0x5dc, e: 007, f: 1.10, g: 12}\nenvironment: {T: TRUE, N: +7}\n\
        write_files: [{path: /etc/a, content: x, permissions: 0o2734}]\nlogs: {persist: True}\n\
        network: {interfaces: [{name: eth0, mtu: 0x5dc}, {name: eth1, mtu: 01500}, {name: eth2, mtu: +1500, \
        dhcp: FALSE, routes: [{to: 10.0.0.0/8, metric: 0o17}]}]}\nkubernetes: {kubelet_args: {max-pods: 0060}}\n";
    let all = one(text);
    for kept in [all.merged_yaml(), all.secret_yaml()] {
        assert_eq!(one(&kept).config(), all.config(), "{kept}");
        assert!(kept.contains("version: 1\n"), "{kept}");
        assert_eq!(kept.matches("mtu: 1500\n").count(), 3, "{kept}");
        assert!(kept.contains("metric: 15\n"), "{kept}");
        assert!(kept.contains("persist: true\n"), "{kept}");
    }
    let shown = all.explain("labels.a").expect("a key").to_string();
    assert!(shown.starts_with("labels.a = \"True\"\n"), "{shown}");
    let shown = all.explain("network.interfaces[0].mtu").expect("a key");
    assert!(shown.to_string().contains("mtu = 1500\n"), "{shown}");
}
