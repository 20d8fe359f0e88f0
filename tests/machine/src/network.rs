//! The machine's network cards, the networks that they are in, and the loopback ports that lead into it.

use std::net::{Ipv4Addr, TcpListener};

use serde::{Deserialize, Serialize};

use crate::{Card, Error, Result};

/// What the guest is connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// A card with DHCP, DNS and the host's way to the outside.
    Online,
    /// A card with DHCP, but nothing beyond it; the forwarded ports still lead in.
    Offline,
    /// No card at all.
    Absent,
}

/// A network that a card's cable can lead to. In each is a host at the address that ends in 2, which gives the guest the one that ends in 15
/// by DHCP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lan {
    /// 10.0.2.0/24, where the first card is.
    First,
    /// 10.0.3.0/24, where the second card is.
    Second,
    /// 10.0.4.0/24, where the second card is when its cable is put there.
    Other,
}

/// The networks of a machine with one card.
pub(crate) const FIRST_LANS: &[Lan] = &[Lan::First];
/// Those of a machine with two.
pub(crate) const TWO_CARDS_LANS: &[Lan] = &[Lan::First, Lan::Second, Lan::Other];
/// QEMU's name of the second card.
pub(crate) const SECOND_CARD: &str = "card1";
/// Its hardware address, the one after that which QEMU gives the first.
const SECOND_ADDRESS: &str = "52:54:00:12:34:57";

impl Lan {
    /// QEMU's name for it.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::First => "net0",
            Self::Second => "net1",
            Self::Other => "net2",
        }
    }
}

/// Ports on 127.0.0.1 that are forwarded into the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ports {
    /// Leads to the guest's port 22.
    pub ssh: u16,
    /// Leads to the guest's port 6443.
    pub api: u16,
}

impl Ports {
    /// Two ports that nobody listens on at this moment. QEMU binds them a moment later; a caller that loses that
    /// race asks again.
    ///
    /// # Errors
    /// When the loopback has no free port.
    pub fn free() -> Result<Self> {
        // Both are held before either is let go, so that they differ.
        let (ssh, api) = (listen()?, listen()?);
        Ok(Self {
            ssh: port(&ssh)?,
            api: port(&api)?,
        })
    }
}

fn listen() -> Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .map_err(Error::file("take a free port on", "127.0.0.1".as_ref()))
}

fn port(listener: &TcpListener) -> Result<u16> {
    Ok(listener
        .local_addr()
        .map_err(Error::file("read the port of", "127.0.0.1".as_ref()))?
        .port())
}

impl Network {
    /// QEMU's arguments for the card of that model.
    pub(crate) fn arguments(self, card: Card, ports: Ports) -> Vec<String> {
        let Some(restrict) = self.restriction() else {
            return vec!["-nic".to_owned(), "none".to_owned()];
        };
        let netdev = format!(
            "user,id=net0{restrict},hostfwd=tcp:127.0.0.1:{}-:22,hostfwd=tcp:127.0.0.1:{}-:6443",
            ports.ssh, ports.api
        );
        let device = format!("{},netdev=net0{}", card.model(), card.without_rom());
        ["-netdev", &netdev, "-device", &device]
            .map(str::to_owned)
            .to_vec()
    }

    /// QEMU's arguments for a second card, which is in two networks at once: what leads to them is cut where the cable is not.
    pub(crate) fn second_card(self, card: Card) -> Vec<String> {
        let Some(restrict) = self.restriction() else {
            return Vec::new();
        };
        let mut list = Vec::new();
        let mut add = |option: &str, value: String| list.extend([option.to_owned(), value]);
        for (lan, number) in [(Lan::Second, 3), (Lan::Other, 4)] {
            let id = lan.id();
            add(
                "-netdev",
                format!("user,id={id}{restrict},net=10.0.{number}.0/24"),
            );
            add("-netdev", format!("hubport,id=to-{id},hubid=1,netdev={id}"));
        }
        add("-netdev", "hubport,id=to-card,hubid=1".to_owned());
        let (model, rom) = (card.model(), card.without_rom());
        add(
            "-device",
            format!("{model},id={SECOND_CARD},mac={SECOND_ADDRESS},netdev=to-card{rom}"),
        );
        list
    }

    /// What QEMU's network is told to keep from the guest; none where there is no network.
    const fn restriction(self) -> Option<&'static str> {
        match self {
            Self::Absent => None,
            Self::Offline => Some(",restrict=on"),
            Self::Online => Some(""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_ports_differ_and_can_be_bound() {
        // Anybody on this machine may take one of them before we do: once in ten is proof enough.
        let bound = (0..10).any(|_| {
            let ports = Ports::free().unwrap();
            assert_ne!(ports.ssh, ports.api);
            TcpListener::bind((Ipv4Addr::LOCALHOST, ports.ssh)).is_ok()
        });
        assert!(bound);
    }

    #[test]
    fn arguments_follow_the_kind_of_network() {
        let ports = Ports {
            ssh: 2022,
            api: 7443,
        };
        for (name, network, card, wanted) in [
            ("none", Network::Absent, Card::E1000e, "-nic none"),
            (
                "online",
                Network::Online,
                Card::Virtio,
                "-netdev user,id=net0,hostfwd=tcp:127.0.0.1:2022-:22,hostfwd=tcp:127.0.0.1:7443-:6443 \
                 -device virtio-net-pci,netdev=net0,romfile=",
            ),
            (
                "offline",
                Network::Offline,
                Card::E1000e,
                "-netdev user,id=net0,restrict=on,hostfwd=tcp:127.0.0.1:2022-:22,hostfwd=tcp:127.0.0.1:7443-:6443 \
                 -device e1000e,netdev=net0,romfile=",
            ),
            (
                "the other Intel card",
                Network::Online,
                Card::Igb,
                "-netdev user,id=net0,hostfwd=tcp:127.0.0.1:2022-:22,hostfwd=tcp:127.0.0.1:7443-:6443 \
                 -device igb,netdev=net0,romfile=",
            ),
            (
                "an adapter on USB",
                Network::Online,
                Card::Usb,
                "-netdev user,id=net0,hostfwd=tcp:127.0.0.1:2022-:22,hostfwd=tcp:127.0.0.1:7443-:6443 \
                 -device usb-net,netdev=net0",
            ),
        ] {
            assert_eq!(network.arguments(card, ports).join(" "), wanted, "{name}");
        }
    }

    #[test]
    fn a_second_card_is_where_two_networks_meet() {
        assert_eq!(
            Network::Offline.second_card(Card::Virtio).join(" "),
            "-netdev user,id=net1,restrict=on,net=10.0.3.0/24 -netdev hubport,id=to-net1,hubid=1,netdev=net1 \
             -netdev user,id=net2,restrict=on,net=10.0.4.0/24 -netdev hubport,id=to-net2,hubid=1,netdev=net2 \
             -netdev hubport,id=to-card,hubid=1 \
             -device virtio-net-pci,id=card1,mac=52:54:00:12:34:57,netdev=to-card,romfile="
        );
        assert!(Network::Absent.second_card(Card::Virtio).is_empty());
    }
}
