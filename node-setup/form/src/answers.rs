//! What was answered, and the configuration that it makes.

use crate::facts::Facts;
use std::fmt::Write;

/// Where the system runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the disk that was booted.
    #[default]
    Booted,
    /// It is installed onto this one of the disks.
    Disk(usize),
}

/// How the machine gets its addresses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Network {
    /// By DHCP.
    #[default]
    Dhcp,
    /// A fixed one.
    Fixed,
}

/// All answers so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Answers {
    pub(crate) place: Place,
    pub(crate) hostname: String,
    pub(crate) network: Network,
    pub(crate) card: usize,
    pub(crate) address: String,
    pub(crate) gateway: String,
    pub(crate) nameserver: String,
    pub(crate) key: String,
}

impl Answers {
    /// The configuration. Text is quoted as JSON does it, which YAML reads.
    pub(crate) fn yaml(&self, facts: &Facts) -> String {
        let mut yaml = "version: 1\n".to_owned();
        line(&mut yaml, "hostname", &self.hostname);
        if !self.key.is_empty() {
            let _ = writeln!(yaml, "ssh_authorized_keys:\n- {}", quoted(&self.key));
        }
        if self.network == Network::Fixed {
            self.network(&mut yaml, facts);
        }
        if let Place::Disk(at) = self.place
            && let Some(disk) = facts.disks.get(at)
        {
            yaml += "install:\n  disk:\n";
            match &disk.serial {
                Some(serial) => line(&mut yaml, "    serial", serial),
                None => line(&mut yaml, "    path", &disk.path),
            }
            if disk.data.is_some() {
                yaml += "  wipe: true\n";
            }
        }
        yaml
    }

    /// By its hardware address: what the kernel calls a card can change with the kernel.
    fn network(&self, yaml: &mut String, facts: &Facts) {
        *yaml += "network:\n  interfaces:\n";
        if let Some(card) = facts.cards.get(self.card) {
            let _ = writeln!(yaml, "  - match: {{mac: {}}}", quoted(&card.mac));
        }
        let _ = writeln!(yaml, "    addresses: [{}]", quoted(&self.address));
        line(yaml, "    gateway", &self.gateway);
        if !self.nameserver.is_empty() {
            let nameserver = quoted(&self.nameserver);
            let _ = writeln!(yaml, "    dns: {{nameservers: [{nameserver}]}}");
        }
    }
}

fn line(yaml: &mut String, key: &str, value: &str) {
    if !value.is_empty() {
        let _ = writeln!(yaml, "{key}: {}", quoted(value));
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
