//! `config.yaml`, ours and k3OS's.

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
        "os-config/tests/k3os",
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
    run: |input| match os_config::migrate("config.yaml", input) {
        Ok(migration) => {
            if let Err(report) = os_config::parse_config("config.yaml", migration.yaml.as_bytes()) {
                panic!("migrated to what is refused: {report}\n{}", migration.yaml);
            }
        }
        Err(report) => assert!(!report.to_string().is_empty()),
    },
    folders: &["os-config/tests/k3os"],
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
