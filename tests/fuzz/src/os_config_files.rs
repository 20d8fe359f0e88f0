//! `config.yaml`, ours and k3OS's, and the kernel's command line.

use os_config::{Source, SourceName, Sources};

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
        Ok(migration) => {
            if let Err(report) = os_config::parse_config("config.yaml", migration.yaml.as_bytes()) {
                panic!("migrated to what is refused: {report}\n{}", migration.yaml);
            }
        }
        Err(report) => assert!(!report.to_string().is_empty()),
    },
    folders: &["os-config/migrate/tests/k3os"],
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
