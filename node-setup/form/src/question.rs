//! The questions, and which comes after which.

use crate::answers::{Answers, Network, Place};
use crate::facts::Facts;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// Where the system runs.
    Place,
    /// Whether what is on the disk may be lost.
    Wipe,
    /// The machine's name.
    Hostname,
    /// How it gets its addresses.
    Network,
    /// Which card has the fixed address.
    Card,
    /// The fixed address.
    Address,
    /// The way out.
    Gateway,
    /// Who knows names.
    Nameserver,
    /// Who may log in.
    Key,
    /// Whether all of it is right.
    Confirm,
}

use Question::{Address, Card, Confirm, Gateway, Hostname, Key, Nameserver, Network as Net, Wipe};

impl Question {
    /// What is asked after this one was answered so; none after the last.
    pub(crate) fn next(self, answers: &Answers, facts: &Facts) -> Option<Self> {
        let data = |at: usize| facts.disks.get(at).is_some_and(|disk| disk.data.is_some());
        Some(match self {
            Self::Place => match answers.place {
                Place::Disk(at) if data(at) => Wipe,
                _ => Hostname,
            },
            Wipe => Hostname,
            Hostname => Net,
            Net => match answers.network {
                Network::Fixed if facts.cards.len() > 1 => Card,
                Network::Fixed => Address,
                Network::Dhcp => Key,
            },
            Card => Address,
            Address => Gateway,
            Gateway => Nameserver,
            Nameserver => Key,
            Key => Confirm,
            Confirm => return None,
        })
    }

    /// What is asked, with what can be chosen. The value in brackets is that of an empty line.
    pub(crate) fn text(self, answers: &Answers, facts: &Facts) -> String {
        match self {
            Self::Place => places(facts),
            Wipe => {
                let disk = match answers.place {
                    Place::Disk(at) => facts.disks.get(at),
                    Place::Booted => None,
                };
                let path = disk.map(|disk| disk.path.as_str()).unwrap_or_default();
                format!("All that is on {path} will be lost. Type `wipe` to go on, or `back`:")
            }
            Hostname => format!("Name of the machine [{}]:", facts.hostname),
            Net => "Network\n  1  addresses by DHCP\n  2  a fixed address\nNumber [1]:".to_owned(),
            Card => cards(facts),
            Address => {
                "Its address with the length of the network's prefix, as 192.168.1.20/24:".to_owned()
            }
            Gateway => "The gateway, as 192.168.1.1; an empty line for none:".to_owned(),
            Nameserver => "The DNS server; an empty line for none:".to_owned(),
            Key => "Who may log in by ssh: a public key (ssh-ed25519 …), or github:NAME for the keys of a GitHub account; an empty line \
                    for nobody:"
                .to_owned(),
            Confirm => {
                let act = match answers.place {
                    Place::Disk(_) => "installs",
                    Place::Booted => "becomes a node",
                };
                format!(
                    "\nThis is config.yaml:\n\n{}\nWrite it, so that this machine {act}? `yes`, `back`, or `again` to begin anew:",
                    answers.yaml(facts)
                )
            }
        }
    }
}

fn places(facts: &Facts) -> String {
    let mut text = "Where shall the system run?\n".to_owned();
    for (at, disk) in facts.disks.iter().enumerate() {
        let on_it = match &disk.data {
            None => "empty".to_owned(),
            Some(what) => format!("HAS DATA ({what})"),
        };
        text += &format!("  {}  on {}: {}: {on_it}\n", at + 1, disk.path, disk.title);
    }
    text + &format!(
        "  {}  on {}, which this machine was started from; nothing is installed\nNumber:",
        facts.disks.len() + 1,
        facts.booted
    )
}

fn cards(facts: &Facts) -> String {
    let mut text = "Which network card has it?\n".to_owned();
    for (at, card) in facts.cards.iter().enumerate() {
        let link = match card.link {
            true => "something is connected",
            false => "nothing is connected",
        };
        text += &format!("  {}  {}, {}, {link}\n", at + 1, card.name, card.mac);
    }
    text + "Number [1]:"
}
