//! The kernel's command line.

use os_config::{Source, SourceName, Sources, load};

use super::loaded;

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
