//! `config.yaml`, ours and k3OS's, the Plans of k3OS's upgrades, and the kernel's command line.

use migrate::Made;
use os_config::{Source, SourceName, Sources};
use upgrade_crd::UpgradeSpec;

use crate::Target;
use crate::target::no_made_seeds;

pub(crate) const CONFIG: Target = Target {
    name: "config",
    run: |input| {
        if let Err(report) = os_config::parse_config("config.yaml", input) {
            assert!(!report.to_string().is_empty());
        }
    },
    folders: &[
        "docs/examples",
        "os-config/src",
        "os-config/tests/bad",
        "os-config/migrate/tests/k3os",
    ],
    made_seeds: no_made_seeds,
    words: &[
        "version: 1",
        "hostname:",
        "network:",
        "interfaces:",
        "kubernetes:",
        "write-files:",
        "- ",
        ": ",
        "  ",
        "\n",
        "\t",
        "&a",
        "*a",
        "<<:",
        "!!binary",
        "!!str",
        "|",
        ">",
        "{",
        "}",
        "[",
        "]",
        "'",
        "\"",
        "---\n",
        "...\n",
        "null",
        "~",
        "yes",
        "0x7fffffff",
        ".inf",
        "?",
        "%YAML 1.1",
        "\u{feff}",
        "#",
    ],
};

pub(crate) const MIGRATE: Target = Target {
    name: "k3os-config",
    run: |input| match migrate::migrate("config.yaml", input) {
        Ok(migration) => match migration.made {
            Made::Configuration => is_a_configuration(&migration.yaml),
            Made::Upgrades(count) => are_upgrades(&migration.yaml, count),
        },
        Err(report) => assert!(!report.to_string().is_empty()),
    },
    folders: &[
        "os-config/migrate/tests/k3os",
        "os-config/migrate/tests/plans",
    ],
    made_seeds: no_made_seeds,
    words: &[
        "hostname:",
        "k3os:",
        "k3os.",
        "sshAuthorizedKeys:",
        "ssh_authorized_key:",
        "writeFiles:",
        "write_files:",
        "k3s_args:",
        "labels:",
        "serverUrl:",
        "dataSources:",
        "data_sources:",
        "wifi:",
        "install:",
        "apiVersion: upgrade.cattle.io/v1\n",
        "kind: Plan\n",
        "spec:\n  ",
        "concurrency: 1",
        "nodeSelector:",
        "matchExpressions:",
        "window:",
        "startTime: 22:00",
        "drain: {",
        "timeout: 1h1.5s",
        "---\n",
        "- ",
        ": ",
        "  ",
        "\n",
        "'",
        "\"",
        "true",
        "[",
        "]",
        "{",
        "}",
    ],
};

fn is_a_configuration(yaml: &str) {
    if let Err(report) = os_config::parse_config("config.yaml", yaml.as_bytes()) {
        panic!("migrated to what is refused: {report}\n{yaml}");
    }
}

fn are_upgrades(yaml: &str, count: usize) {
    let manifests: Vec<serde_json::Value> = serde_saphyr::from_multiple(yaml)
        .unwrap_or_else(|error| panic!("migrated to what is no YAML: {error}\n{yaml}"));
    assert_eq!(manifests.len(), count, "{yaml}");
    for mut manifest in manifests {
        if let Err(error) = serde_json::from_value::<UpgradeSpec>(manifest["spec"].take()) {
            panic!("migrated to what does not fit the type: {error}\n{yaml}");
        }
    }
}

pub(crate) const COMMAND_LINE: Target = Target {
    name: "config-command-line",
    run: |input| {
        let image = Source::new(SourceName::Image, "image", "version: 1\n");
        let words = Source::new(SourceName::CommandLine, "/proc/cmdline", input);
        match os_config::load(&Sources::new().with(image).with(words)) {
            // What the words say can be written as a file, and says the same there.
            Ok(loaded) => {
                let yaml = loaded.secret_yaml();
                match os_config::parse_config("config.yaml", yaml.as_bytes()) {
                    Ok(again) => assert_eq!(&again, loaded.config(), "{yaml}"),
                    Err(report) => panic!("written as what is refused: {report}\n{yaml}"),
                }
            }
            Err(report) => assert!(!report.to_string().is_empty()),
        }
    },
    folders: &[],
    made_seeds: no_made_seeds,
    words: &[
        "holdfast.",
        "holdfast.hostname=",
        "holdfast.labels[zone]=",
        "holdfast.network.interfaces[0].name=",
        "holdfast.network.dns.search=",
        "holdfast.kubernetes.",
        "holdfast.roothash=",
        "=",
        ".",
        "[",
        "]",
        "[18446744073709551615]",
        "\"",
        " ",
        "\n",
        "true",
        "~",
        "0x10",
    ],
};
