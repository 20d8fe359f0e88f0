use super::Form;
use crate::conversation::{Conversation as _, Heard};
use crate::facts::{Card, DiskFacts, Facts};

fn facts() -> Facts {
    let disk = |path: &str, serial: Option<&str>, data: Option<&str>| DiskFacts {
        path: path.into(),
        title: "a disk, 500.1 GB".into(),
        serial: serial.map(str::to_owned),
        data: data.map(str::to_owned),
    };
    let card = |name: &str, mac: &str, link| Card {
        name: name.into(),
        mac: mac.into(),
        link,
    };
    Facts {
        release: "0.1.0".into(),
        hostname: "holdfast-3f9c21".into(),
        disks: vec![
            disk("/dev/nvme0n1", Some("S64DNF0R"), None),
            disk("/dev/sda", None, Some("gpt, ext4")),
        ],
        booted: "/dev/sdb".into(),
        cards: vec![
            card("enp1s0", "52:54:00:00:00:01", true),
            card("enp2s0", "52:54:00:00:00:02", false),
        ],
    }
}

/// What the answers lead to: the configuration, or the last thing that was said against one.
fn filled(lines: &[&str]) -> String {
    let mut form = Form::new(facts());
    let mut said = String::new();
    for line in lines {
        match form.hear(line) {
            Heard::Next => said.clear(),
            Heard::NotThat(why) => said = why,
            Heard::Done(config) => return config,
        }
    }
    format!("{said}|{}", form.text())
}

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEb1QOOKk0kNUjCTp6EmNDEZbPeXgHBNWIGbUGRN2eZZ you@laptop";

#[test]
fn answers_make_a_configuration() {
    for (name, lines, expected) in [
        (
            "nothing but Enter, onto an empty disk",
            vec!["1", "", "", "", "yes"],
            "version: 1\nhostname: \"holdfast-3f9c21\"\ninstall:\n  disk:\n    serial: \"S64DNF0R\"\n",
        ),
        (
            "from the disk that was booted, with a key",
            vec!["3", "store-17-a", "1", KEY, "yes"],
            &format!("version: 1\nhostname: \"store-17-a\"\nssh_authorized_keys:\n- \"{KEY}\"\n"),
        ),
        (
            "a disk with data has to be given up by a word",
            vec!["2", "", "wipe", "a", "", "github:me", "yes"],
            "version: 1\nhostname: \"a\"\nssh_authorized_keys:\n- \"github:me\"\ninstall:\n  disk:\n    path: \"/dev/sda\"\n  wipe: true\n",
        ),
        (
            "a fixed address, by the card's hardware address",
            vec![
                "1",
                "a",
                "2",
                "2",
                "192.168.1.20/24",
                "192.168.1.1",
                "192.168.1.1",
                "",
                "yes",
            ],
            "version: 1\nhostname: \"a\"\nnetwork:\n  interfaces:\n  - match: {mac: \"52:54:00:00:00:02\"}\n    \
             addresses: [\"192.168.1.20/24\"]\n    gateway: \"192.168.1.1\"\n    dns: {nameservers: [\"192.168.1.1\"]}\n\
             install:\n  disk:\n    serial: \"S64DNF0R\"\n",
        ),
        (
            "back, to DHCP",
            vec![
                "1",
                "a",
                "2",
                "",
                "192.168.1.20/24",
                "back",
                "back",
                "back",
                "1",
                "",
                "yes",
            ],
            "version: 1\nhostname: \"a\"\ninstall:\n  disk:\n    serial: \"S64DNF0R\"\n",
        ),
        (
            "again",
            vec!["2", "wipe", "a", "again", "3", "b", "", "", "yes"],
            "version: 1\nhostname: \"b\"\n",
        ),
    ] {
        let config = filled(&lines);
        assert_eq!(config, expected, "{name}");
        os_config::parse_config("config.yaml", config.as_bytes()).expect(name);
    }
}

#[test]
fn what_is_no_answer_is_said_and_asked_again() {
    for (lines, why, asked) in [
        (
            vec![""],
            "a number from 1 to 3",
            "Where shall the system run?",
        ),
        (vec!["4"], "a number from 1 to 3", "Where shall"),
        (
            vec!["2", "yes"],
            "`wipe` was not typed",
            "All that is on /dev/sda will be lost",
        ),
        (vec!["1", "Store 17"], "host name", "Name of the machine"),
        (
            vec!["1", "a", "2", "", "192.168.1.20"],
            "prefix",
            "Its address",
        ),
        (
            vec!["1", "a", "2", "", ""],
            "an address is needed",
            "Its address",
        ),
        (
            vec!["1", "a", "2", "", "192.168.1.20/24", "10.0.0.1"],
            "gateway",
            "The gateway",
        ),
        (
            vec!["1", "a", "", "ssh-rsa nonsense"],
            "key",
            "Who may log in",
        ),
        (
            vec!["1", "a", "", "", "no"],
            "type `yes`",
            "This is config.yaml",
        ),
    ] {
        let said = filled(&lines);
        let (reason, question) = said.split_once('|').expect("a question");
        assert!(reason.to_lowercase().contains(why), "{lines:?}: {reason}");
        assert!(question.contains(asked), "{lines:?}: {question}");
    }
}

#[test]
fn the_disks_are_shown_with_what_is_on_them() {
    let text = Form::new(facts()).text();
    assert_eq!(
        text,
        "Where shall the system run?\n  1  on /dev/nvme0n1: a disk, 500.1 GB: empty\n  \
         2  on /dev/sda: a disk, 500.1 GB: HAS DATA (gpt, ext4)\n  \
         3  on /dev/sdb, which this machine was started from; nothing is installed\nNumber:"
    );
}
