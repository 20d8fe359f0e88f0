//! Single values over one file, as for one machine of many.

use os_config::{Loaded, Report, Source, SourceName, load_with};

const BASE: &str = "version: 1\nhostname: card\nntp_servers: [a.example, b.example]\n\
    network:\n  interfaces:\n    - {name: eth0, addresses: [10.0.0.1/24], gateway: 10.0.0.254}\n    - {name: eth1}\n";

fn with(words: &str) -> Result<Loaded, Report> {
    load_with(
        Source::new(SourceName::ConfigPartition, "config.yaml", BASE),
        Source::new(SourceName::CommandLine, "--set", words),
    )
}

#[test]
fn an_entry_of_a_list_changes_alone_and_a_list_as_a_whole() {
    for (words, parts) in [
        (
            "",
            vec![
                "hostname: card",
                "- a.example",
                "- 10.0.0.1/24",
                "name: eth1",
            ],
        ),
        ("holdfast.hostname=a", vec!["hostname: a", "- a.example"]),
        (
            "holdfast.network.interfaces[0].addresses[0]=10.0.0.7/24",
            vec!["- 10.0.0.7/24", "gateway: \"10.0.0.254\"", "name: eth1"],
        ),
        (
            "holdfast.ntp_servers=c.example\nholdfast.ntp_servers=d.example",
            vec!["ntp_servers:\n- c.example\n- d.example\n"],
        ),
        (
            "holdfast.ntp_servers[1]=c.example",
            vec!["- a.example\n- c.example\n"],
        ),
    ] {
        let yaml = with(words)
            .unwrap_or_else(|report| panic!("{words}: {report}"))
            .merged_yaml();
        let yaml = yaml.replace("  - ", "- ");
        for part in parts {
            assert!(yaml.contains(part), "{words}: no `{part}` in\n{yaml}");
        }
    }
}

#[test]
fn what_is_wrong_has_the_line_of_its_word() {
    for (words, line, message) in [
        (
            "holdfast.hostname=a\nholdfast.hostnam=b",
            2,
            "unknown key `hostnam`",
        ),
        (
            "holdfast.hostname=a\nholdfast.network.interfaces[0].gateway=10.9.0.1",
            2,
            "10.9.0.1",
        ),
        ("holdfast.hostname=A_b", 1, "is not a host name"),
    ] {
        let report = with(words).expect_err(words);
        let problem = &report.problems()[0];
        assert_eq!(
            problem.source,
            Some(SourceName::CommandLine),
            "{words}: {report}"
        );
        assert_eq!(problem.line, line, "{words}: {report}");
        assert!(problem.message.contains(message), "{words}: {report}");
    }
}
