//! What a server gives when it is asked for somebody's ssh keys.

use os_config::SshKeySource;

use crate::Target;
use crate::target::no_made_seeds;

pub(crate) const TARGET: Target = Target {
    name: "ssh-keys",
    run: |input| {
        let text = String::from_utf8_lossy(input);
        let lines = node_setup::online::key_lines(&text);
        // Nothing but keys reaches `authorized_keys`, each of them on a line of the answer.
        for line in lines.lines() {
            let parsed = SshKeySource::parse(line);
            assert!(matches!(parsed, Ok(SshKeySource::Literal(_))), "{line:?}");
            let sound = |c: char| c == '\t' || !c.is_control();
            assert!(text.contains(line) && line.chars().all(sound), "{line:?}");
        }
        assert_eq!(node_setup::online::key_lines(&lines), lines);
        // The same entry in `ssh_authorized_keys`.
        if let Ok(source) = SshKeySource::parse(&text) {
            assert_eq!(SshKeySource::parse(&source.to_string()), Ok(source));
        }
    },
    folders: &[],
    made_seeds: no_made_seeds,
    words: &[
        "ssh-ed25519 ",
        "ssh-rsa ",
        "sk-ssh-ed25519@openssh.com ",
        "github:",
        "gitlab:",
        "https://",
        "command=\"",
        "\"",
        ",",
        " ",
        "\t",
        "\r\n",
        "\n",
        "AAAA",
        "=",
        "#",
        "\u{85}",
        "\u{2028}",
    ],
};
