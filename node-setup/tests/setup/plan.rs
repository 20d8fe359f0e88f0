//! The plan for whole configurations, as goldens: every rendered file is in them.

use node_setup::{Facts, OnFailure, Reload, Step, VarDir, plan, plan_maintenance};
use os_config::{Config, parse_config};
use std::collections::BTreeMap;

fn facts() -> Facts {
    Facts {
        machine_id: "0123456789abcdef0123456789abcdef".to_owned(),
        passwd: "root:x:0:0:root:/root:/bin/bash\n_chrony:x:906:906::/:/usr/sbin/nologin\n"
            .to_owned(),
        group: "root:x:0:\n_chrony:x:906:\n".to_owned(),
        shadow: "root:*:18262:0:99999:7:::\ndaemon:*:18262:0:99999:7:::\n".to_owned(),
        var_dirs: vec![VarDir {
            path: "/var/lib/chrony".into(),
            mode: 0o750,
            owner: "_chrony:_chrony".into(),
        }],
        host_keys: vec!["/var/lib/holdfast/ssh/ssh_host_ed25519_key".into()],
        fetched_keys: BTreeMap::from([
            (
                "github:octocat".to_owned(),
                "ssh-ed25519 AAAA octo\n".to_owned(),
            ),
            (
                "github:gone".to_owned(),
                "ssh-ed25519 BBBB gone\n".to_owned(),
            ),
        ]),
        manifests: vec!["config-old.yaml".to_owned(), "mine.yaml".to_owned()],
        profiles: BTreeMap::from([("holdfast-eth7.nmconnection".to_owned(), String::new())]),
        first_run: true,
        ..Facts::default()
    }
}

fn config(text: &str) -> Config {
    parse_config("config.yaml", text.as_bytes()).unwrap_or_else(|report| panic!("{report}"))
}

/// Kernel parameters that hang on the architecture.
const OF_MEMORY: [&str; 2] = ["vm.min_free_kbytes", "vm.lowmem_reserve_ratio"];

/// One step a paragraph; files with their texts.
fn shown(steps: &[Step]) -> String {
    let one = |step: &Step| match step {
        // Others on another architecture.
        Step::Sysctl { key, .. } if OF_MEMORY.contains(&key.as_str()) => String::new(),
        Step::WriteFile {
            path,
            mode,
            owner,
            content,
            on_failure,
        } => {
            let text = String::from_utf8_lossy(&content.0);
            format!(
                "WriteFile {} {mode:04o} {}:{} {on_failure:?}\n{text}",
                path.display(),
                owner.uid,
                owner.gid
            )
        }
        other => format!("{other:?}\n"),
    };
    steps.iter().map(one).collect::<Vec<_>>().join("---\n")
}

#[test]
fn everything_configured() {
    insta::assert_snapshot!(shown(&plan(
        &config(include_str!("cases/full.yaml")),
        &facts()
    )));
}

#[test]
fn nothing_configured() {
    insta::assert_snapshot!(shown(&plan(&config("version: 1\n"), &facts())));
}

#[test]
fn maintenance_leaves_the_users_things_alone() {
    let steps = plan_maintenance(&config(include_str!("cases/full.yaml")), &facts());
    let text = shown(&steps);
    for absent in [
        "init_commands",
        "boot_commands",
        "/etc/motd",
        "Sysctl",
        "LoadModules",
    ] {
        assert!(
            !text.contains(absent),
            "{absent} is in the plan of maintenance mode"
        );
    }
    for present in [
        "authorized_keys.d/root",
        "sshd_config",
        "holdfast-eth0.nmconnection",
        "SetHostname",
    ] {
        assert!(
            text.contains(present),
            "{present} is not in the plan of maintenance mode"
        );
    }
}

#[test]
fn memory_is_compressed_once_and_where_it_is_asked_for() {
    let asked = "version: 1\nkubernetes: {swap: compressed}\n";
    for (name, text, memory, already, size) in [
        ("not asked for", "version: 1\n", 1 << 30, false, None),
        ("a half", asked, 1 << 30, false, Some("536870912")),
        ("in use already", asked, 1 << 30, true, None),
        ("of unknown size", asked, 0, false, None),
    ] {
        let facts = Facts {
            memory,
            compresses_memory: already,
            ..facts()
        };
        let steps = plan(&config(text), &facts);
        let programs: Vec<_> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Run { command, .. } if command.iter().any(|word| word == "/dev/zram0") => {
                    Some((command[0].as_str(), command[2].as_str()))
                }
                _ => None,
            })
            .collect();
        let wanted = size.map_or(Vec::new(), |size| {
            vec![
                ("zramctl", size),
                ("mkswap", "/dev/zram0"),
                ("swapon", "100"),
            ]
        });
        assert_eq!(programs, wanted, "{name}");
    }
}

#[test]
fn only_what_changed_is_reloaded() {
    let before = config("version: 1\n");
    let mut facts = Facts {
        first_run: false,
        init_commands_ran: true,
        boot_commands_ran: true,
        ran_before: true,
        profiles: BTreeMap::new(),
        ..facts()
    };
    for step in plan(&before, &facts) {
        let Step::WriteFile { path, content, .. } = step else {
            continue;
        };
        let text = String::from_utf8(content.0).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.starts_with("/run/NetworkManager/system-connections") {
            facts.profiles.insert(name, text);
        } else {
            facts.files.insert(path, text);
        }
    }
    let network = |name: &str| format!("network: {name}");
    let cases: [(&str, &str, Vec<String>); 6] = [
        ("nothing", "version: 1\n", vec![]),
        ("label", "version: 1\nlabels: {site: berlin}\n", vec![]),
        (
            "password",
            "version: 1\npassword: correct horse\n",
            vec!["ssh".to_owned()],
        ),
        (
            "servers",
            "version: 1\nntp_servers: [ntp.example]\n",
            vec!["time".to_owned()],
        ),
        (
            "address",
            "version: 1\nnetwork: {interfaces: [{name: eth0, addresses: [10.0.0.2/24]}]}\n",
            vec![network("holdfast-eth0, holdfast-last-resort-eth0")],
        ),
        (
            "dns",
            "version: 1\nnetwork: {dns: {nameservers: [9.9.9.9]}}\n",
            vec![network("holdfast-default")],
        ),
    ];
    for (name, text, expected) in cases {
        let steps = plan(&config(text), &facts);
        let reloads: Vec<String> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Reload { what, .. } => Some(match what {
                    Reload::Ssh => "ssh".to_owned(),
                    Reload::Time => "time".to_owned(),
                    Reload::Network(change) => network(&change.changed.join(", ")),
                }),
                _ => None,
            })
            .collect();
        assert_eq!(reloads, expected, "{name}");
        assert!(
            !steps
                .iter()
                .any(|step| matches!(step, Step::Command { .. })),
            "{name}: commands run again"
        );
    }
}

#[test]
fn what_does_not_come_into_force_fails_a_trial_and_nothing_else() {
    let text = "version: 1\nnetwork: {interfaces: [{name: eth0, addresses: [10.0.0.2/24]}]}\n";
    for (on_trial, expected) in [(false, OnFailure::Report), (true, OnFailure::Stop)] {
        let facts = Facts {
            ran_before: true,
            on_trial,
            ..facts()
        };
        let steps = plan(&config(text), &facts);
        let reload = steps.iter().find_map(|step| match step {
            Step::Reload {
                what: Reload::Network(_),
                on_failure,
            } => Some(*on_failure),
            _ => None,
        });
        assert_eq!(reload, Some(expected), "on trial: {on_trial}");
    }
}

#[test]
fn other_authorities_of_time_servers_are_told() {
    let with = |ca: &str| {
        let ca = format!("-----BEGIN CERTIFICATE-----\\n{ca}\\n-----END CERTIFICATE-----");
        config(&format!(
            "version: 1\nntp_servers: [a.example]\ntime: {{nts: true, ca: \"{ca}\"}}\n"
        ))
    };
    let without = config("version: 1\nntp_servers: [a.example]\ntime: {nts: true}\n");
    let path = "/etc/chrony/authorities.pem";
    let mut facts = Facts {
        ran_before: true,
        ..facts()
    };
    for step in plan(&with("TUlJ"), &facts) {
        if let Step::WriteFile { path, content, .. } = step {
            facts
                .files
                .insert(path, String::from_utf8(content.0).unwrap());
        }
    }
    for (name, after, told, removed) in [
        ("the same", with("TUlJ"), false, false),
        ("others", with("TUlK"), true, false),
        ("none", without, true, true),
    ] {
        let steps = plan(&after, &facts);
        let time = Step::Reload {
            what: Reload::Time,
            on_failure: OnFailure::Report,
        };
        assert_eq!(steps.contains(&time), told, "{name}");
        let remove = Step::Remove { path: path.into() };
        assert_eq!(steps.contains(&remove), removed, "{name}");
        // What an authority vouched for is not kept beyond it.
        assert_eq!(shown(&steps).contains("ntsdumpdir"), removed, "{name}");
    }
}

#[test]
fn the_users_sysctls_come_after_ours() {
    let text = "version: 1\nsysctls: {net.ipv4.conf.all.send_redirects: 0, net.ipv4.ip_forward: 0, kernel.panic: 30}\n";
    let steps = plan(&config(text), &facts());
    let set = |step: &Step| match step {
        Step::Sysctl { key, value, .. } => Some(format!("{key}={value}")),
        _ => None,
    };
    let set: Vec<String> = steps.iter().filter_map(set).collect();
    let users = [
        "net.ipv4.conf.all.send_redirects=0",
        "net.ipv4.ip_forward=0",
    ];
    assert_eq!(set[set.len() - 2..], users);
    let of = |key: &str| set.iter().filter(|line| line.starts_with(key)).count();
    assert_eq!(
        (of("net.ipv4.ip_forward="), of("kernel.panic=")),
        (1, 1),
        "{set:?}"
    );
}

#[test]
fn settings_of_radios_that_nothing_uses_are_told() {
    let radios = BTreeMap::from([("52:54:00:12:34:56".to_owned(), "wlan0".to_owned())]);
    let facts = Facts { radios, ..facts() };
    let wifi = "wifi: [{name: x, passphrase: long enough}]";
    let unused = "network.interfaces: the settings of the radio wlan0 are not used: ";
    for (network, expected) in [
        (
            "interfaces: [{name: wlan0, mtu: 1400}]".to_owned(),
            Some("no entry of `network.wifi` is for it"),
        ),
        (
            format!("interfaces: [{{name: wlan0, mtu: 1400}}], {wifi}"),
            None,
        ),
        (
            "interfaces: [{name: wlan0, mtu: 1400}], wifi: [{name: x, interface: wlan1}]"
                .to_owned(),
            Some("no entry of `network.wifi` is for it"),
        ),
        (
            format!("interfaces: [{{match: {{mac: '52:54:00:12:34:56'}}}}], {wifi}"),
            Some("a radio is picked by `name`, not by `match`"),
        ),
        (
            format!("interfaces: [{{match: {{mac: '52:54:00:12:34:57'}}}}], {wifi}"),
            None,
        ),
        ("interfaces: [{name: eth0, mtu: 1400}]".to_owned(), None),
    ] {
        let steps = plan(
            &config(&format!("version: 1\nnetwork: {{{network}}}\n")),
            &facts,
        );
        let told = |step: &Step| match step {
            Step::Warn(text) => text.strip_prefix(unused).map(str::to_owned),
            _ => None,
        };
        let told: Vec<String> = steps.iter().filter_map(told).collect();
        let expected: Vec<String> = expected.map(str::to_owned).into_iter().collect();
        assert_eq!(told, expected, "{network}");
    }
}
