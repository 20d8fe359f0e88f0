//! Several sources: which wins, what is said about it, what differs.

use os_config::{Loaded, Source, SourceName, Sources, diff, load};

fn loaded(sources: Vec<(SourceName, &str, &str)>) -> Loaded {
    let mut all = Sources::new();
    for (name, origin, text) in sources {
        all.add(Source::new(name, origin, text));
    }
    load(&all).unwrap_or_else(|report| panic!("{report}"))
}

fn one(text: &str) -> Loaded {
    load(&Sources::one("config.yaml", text)).unwrap_or_else(|report| panic!("{report}"))
}

const CARD: &str = "version: 1\nhostname: card\nntp_servers: [a.example, b.example]\nlabels: {zone: north, site: one}\n";

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

#[test]
fn the_command_line_takes_every_kind_of_value() {
    let text = "BOOT=x \"holdfast.run_commands=logger two words\" holdfast.run_commands=\"echo b\" \
        holdfast.network.interfaces[0].name=eth0 holdfast.network.interfaces[0].addresses=192.168.1.10/24 \
        holdfast.network.interfaces[0].addresses=2001:db8::1/64 holdfast.network.interfaces[0].gateway=192.168.1.1 \
        holdfast.network.interfaces[0].mtu=9000 holdfast.logs.persist holdfast.components.coredns=false \
        holdfast.labels[example.com/zone]=north holdfast.taints=a=b:NoSchedule holdfast.sysctls[vm.swappiness]=1 \
        holdfast.kubernetes.kubelet_args[max-pods]=60 holdfast.password=12345678\n";
    let all = loaded(vec![(SourceName::CommandLine, "/proc/cmdline", text)]);
    let config = all.config();
    assert_eq!(config.run_commands.len(), 2);
    assert_eq!(config.network.interfaces[0].addresses.len(), 2);
    assert_eq!(config.network.interfaces[0].mtu, Some(9000));
    assert!(config.logs.persist && !config.components.coredns);
    assert_eq!(config.taints[0].to_string(), "a=b:NoSchedule");
    let json = serde_json::to_value(config).expect("a configuration is JSON");
    assert_eq!(json["run_commands"][0]["shell"], "logger two words");
    assert_eq!(json["labels"]["example.com/zone"], "north");
    assert_eq!(json["sysctls"]["vm.swappiness"], "1");
    assert_eq!(json["kubernetes"]["args"]["kubelet"]["max-pods"][0], "60");
}

#[test]
fn the_command_lines_mistakes_are_shown_in_place() {
    let text = "quiet holdfast.hostnme=a holdfast.network.dns.search holdfast. holdfast.logs.persist=maybe holdfast.password= holdfast.maintenence";
    let source = Source::new(SourceName::CommandLine, "/proc/cmdline", text);
    let report = load(&Sources::new().with(source)).expect_err("it is wrong");
    let got: Vec<(usize, &str)> = report
        .problems()
        .iter()
        .map(|p| (p.column, p.message.as_str()))
        .collect();
    assert_eq!(
        got,
        [
            (7, "unknown key `hostnme`"),
            (26, "`network.dns.search[0]` must be text, not true"),
            (54, "this word of the kernel command line names no key"),
            (
                64,
                "`logs.persist` must be true or false, not the text \"maybe\""
            ),
            (92, "the password is empty"),
            (111, "unknown key `maintenence`"),
        ]
    );
}

#[test]
fn diff_tells_changes_and_what_they_take() {
    let before = one(
        "version: 1\nhostname: a\nlabels: {x: \"1\", y: \"2\"}\nntp_servers: [a.example]\npassword: aaaaaaaa\n",
    );
    let after = one(
        "version: 1\nhostname: b\nlabels: {x: \"1\", z: \"3\"}\nntp_servers: [b.example]\npassword: bbbbbbbb\n\
         kubernetes: {pod_cidr: 10.50.0.0/16}\nnetwork: {dns: {nameservers: [1.1.1.1]}}\n",
    );
    let changes: Vec<String> = diff(&before, &after)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        changes,
        [
            "~ hostname: \"a\" -> \"b\"   [at once]",
            "~ kubernetes.pod_cidr: \"10.42.0.0/16\" -> \"10.50.0.0/16\"   [never: the cluster would have to be made anew]",
            "- labels.y: \"2\"   [at once]",
            "+ labels.z: \"3\"   [at once]",
            "+ network.dns.nameservers: [\"1.1.1.1\"]   [at once]",
            "~ ntp_servers[0]: \"a.example\" -> \"b.example\"   [restarts time]",
            "~ password: \"(redacted)\" -> \"(redacted)\" (changed)   [at once]",
        ]
    );
    assert!(diff(&before, &before).is_empty());
}

const FULL: &str = include_str!("full.yaml");

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

#[test]
fn no_secret_is_shown() {
    let all = one(FULL);
    let none = one("version: 1\n");
    let same_shape = one(&FULL.replace("SECRET", "TERCES"));
    let mut shown = all.redacted_yaml();
    for changes in [
        diff(&none, &all),
        diff(&all, &none),
        diff(&same_shape, &all),
    ] {
        assert!(!changes.is_empty());
        changes
            .iter()
            .for_each(|change| shown.push_str(&change.to_string()));
    }
    let schema: serde_json::Value =
        serde_json::from_str(&os_config::schema_json()).expect("the schema is JSON");
    let keys = schema["properties"]
        .as_object()
        .expect("the schema has keys")
        .keys();
    let deep = [
        "manifests[2].content",
        "write_files[1].content",
        "network.wifi[0].passphrase",
        "network.proxy.http",
    ];
    for key in keys.map(String::as_str).chain(deep) {
        let explanation = all.explain(key).unwrap_or_else(|error| panic!("{error}"));
        shown.push_str(&explanation.to_string());
    }
    for secret in ["SECRET", "PRIVATE KEY", "TUlJ\n-----END PRIVATE"] {
        let at = shown.find(secret);
        assert!(FULL.contains(secret) || secret.contains('\n'));
        assert_eq!(at.map(|at| &shown[at.saturating_sub(200)..at + 20]), None);
    }
    let debug = format!("{:?}", all.config());
    for secret in [
        "SECRET-password",
        "SECRET-wifi",
        "SECRET-registry",
        "SECRET-proxy",
        "PRIVATE KEY",
    ] {
        assert!(!debug.contains(secret), "{secret} in {debug}");
    }
    assert!(all.secret_yaml().contains("SECRET-wifi"));
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

#[test]
fn secrets_by_their_names_and_in_manifests_are_not_shown() {
    let names = [
        "DB_PASS",
        "MYSQL_PWD",
        "GITHUB_PAT",
        "SMTP_CREDENTIALS",
        "AWS_ACCESS_KEY_ID",
        "WIFI_PSK",
        "API_TOKEN",
    ];
    let environment: String = names
        .iter()
        .map(|name| format!("  {name}: sekret\n"))
        .collect();
    let text = format!(
        "version: 1\nenvironment:\n{environment}  COMPASS: north\n  PATH: /bin\nmanifests:\n\
         - {{name: a.yaml, content: '{{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"data\": {{\"a\": \"sekret\"}}}}'}}\n\
         - name: b.yaml\n  content: |\n    'kind': \"Secret\"\n    data: {{a: sekret}}\n\
         - {{name: c.yaml, content: \"kind:\\tSecret\\ndata: {{a: sekret}}\\n\"}}\n\
         - {{name: d.yaml, content: 'kind: Namespace'}}\n"
    );
    let all = one(&text);
    let mut shown = all.redacted_yaml();
    for key in ["environment", "manifests"] {
        shown.push_str(&all.explain(key).expect("a key").to_string());
    }
    assert!(!shown.contains("sekret"), "{shown}");
    for harmless in ["north", "/bin", "kind: Namespace"] {
        assert!(shown.contains(harmless), "{harmless}\n{shown}");
    }
}

#[test]
fn the_command_lines_secrets_are_not_shown() {
    let text = "quiet holdfast.password=sekret1 holdfast.network.wifi[0].psk=sekret2 \
        \"holdfast.network.wifi[0].pasphrase=sekret3 and more\" holdfast.environment[DB_PASS]=sekret4 \
        holdfast.registries.configs[a.example].auth.pw=sekret5 holdfast.[=sekret6 holdfast.hostname=Shown";
    let source = Source::new(SourceName::CommandLine, "/proc/cmdline", text);
    let report = load(&Sources::new().with(source)).expect_err("it is wrong");
    assert!(report.problems().len() >= 4, "{report}");
    let shown = report.to_string();
    assert!(
        !shown.contains("sekret") && !shown.contains("and more"),
        "{shown}"
    );
}
