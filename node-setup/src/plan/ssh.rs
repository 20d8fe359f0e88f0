//! The ssh server: its settings, its own keys, and the keys it lets in.

use super::environment::variables;
use super::heading::MADE;
use crate::facts::Facts;
use crate::step::{OnFailure, Step};
use init_api::paths::ADMIN_KUBECONFIG;
use os_config::{Config, SshKeySource};
use std::path::{Path, PathBuf};

pub(super) const SETTINGS: &str = "/etc/ssh/sshd_config";
/// Host keys, made once; the node is known to its users by them.
const HOST_KEYS: [(&str, &str); 2] = [
    ("ed25519", "/var/lib/holdfast/ssh/ssh_host_ed25519_key"),
    ("ecdsa", "/var/lib/holdfast/ssh/ssh_host_ecdsa_key"),
];
/// Host keys are made here first, in memory: a power cut must not leave half a key on state.
const FRESH_KEYS: &str = "/run/holdfast/ssh";
const LITERAL_KEYS: &str = "/etc/ssh/authorized_keys.d/root";
/// Keys that were fetched, in a file of their own, since they come later than the others.
pub(crate) const FETCHED_KEYS: &str = "/etc/ssh/authorized_keys.d/root.fetched";

pub(super) fn steps(config: &Config, facts: &Facts) -> Vec<Step> {
    let mut steps = vec![Step::dir(FRESH_KEYS, 0o700)];
    for (kind, path) in HOST_KEYS {
        if !facts.host_keys.iter().any(|known| known == Path::new(path)) {
            steps.extend(host_key(kind, path));
        }
    }
    steps.push(Step::dir("/etc/ssh/authorized_keys.d", 0o755));
    steps.push(Step::file(LITERAL_KEYS, 0o600, literal_keys(config)));
    steps.push(Step::file(
        FETCHED_KEYS,
        0o600,
        fetched_keys(&config.ssh_authorized_keys, facts),
    ));
    steps.push(Step::file(SETTINGS, 0o600, server(config, facts)));
    steps
}

/// The private key comes last: where it is, all of the pair is.
fn host_key(kind: &str, path: &str) -> Vec<Step> {
    let name = Path::new(path).file_name().unwrap_or_default();
    let fresh = Path::new(FRESH_KEYS).join(name);
    let public = |path: &Path| PathBuf::from(format!("{}.pub", path.display()));
    let command = [
        "ssh-keygen",
        "-q",
        "-t",
        kind,
        "-N",
        "",
        "-C",
        "holdfast",
        "-f",
    ]
    .map(str::to_owned);
    vec![
        Step::Remove {
            path: fresh.clone(),
        },
        Step::Run {
            why: format!("make the ssh host key {path}"),
            command: [command.as_slice(), &[fresh.display().to_string()]].concat(),
            on_failure: OnFailure::Stop,
        },
        Step::Copy {
            from: public(&fresh),
            to: public(Path::new(path)),
            mode: 0o644,
        },
        Step::Copy {
            from: fresh.clone(),
            to: path.into(),
            mode: 0o600,
        },
        Step::Remove {
            path: public(&fresh),
        },
        Step::Remove { path: fresh },
    ]
}

fn literal_keys(config: &Config) -> String {
    let mut text = MADE.to_owned();
    for key in config
        .ssh_authorized_keys
        .iter()
        .filter(|key| key.url().is_none())
    {
        text.push_str(&format!("{key}\n"));
    }
    text
}

/// The last fetched keys of the sources that the configuration still names.
pub(crate) fn fetched_keys(sources: &[SshKeySource], facts: &Facts) -> String {
    let mut text = MADE.to_owned();
    for source in sources.iter().filter(|key| key.url().is_some()) {
        let name = source.to_string();
        if let Some(keys) = facts.fetched_keys.get(&name) {
            text.push_str(&format!("# {name}\n{}\n", keys.trim_end()));
        }
    }
    text
}

fn server(config: &Config, facts: &Facts) -> String {
    let mut text = MADE.to_owned();
    for (_, path) in HOST_KEYS {
        text.push_str(&format!("HostKey {path}\n"));
    }
    text.push_str(
        "AuthorizedKeysFile /etc/ssh/authorized_keys.d/%u /etc/ssh/authorized_keys.d/%u.fetched\n",
    );
    let (root, password) = if config.password.is_some() {
        ("yes", "yes")
    } else {
        ("prohibit-password", "no")
    };
    text.push_str(&format!(
        "PermitRootLogin {root}\nPasswordAuthentication {password}\n"
    ));
    text.push_str("KbdInteractiveAuthentication no\nPermitEmptyPasswords no\nUsePAM no\nX11Forwarding no\nPrintMotd no\nUseDNS no\n");
    text.push_str("ClientAliveInterval 30\nClientAliveCountMax 6\nSubsystem sftp internal-sftp\n");
    let mut environment = variables(config, facts);
    environment
        .entry("KUBECONFIG".to_owned())
        .or_insert_with(|| ADMIN_KUBECONFIG.to_owned());
    let set: Vec<String> = environment
        .iter()
        .map(|(name, value)| quoted(&format!("{name}={value}")))
        .collect();
    // Only the first such line counts, so all of them stand on one.
    text.push_str(&format!("SetEnv {}\n", set.join(" ")));
    text
}

/// sshd splits a line as a shell does.
fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
}
