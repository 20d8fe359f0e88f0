//! The machine's network card and the loopback ports that lead into it.

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
        let restrict = match self {
            Self::Absent => return vec!["-nic".to_owned(), "none".to_owned()],
            Self::Offline => ",restrict=on",
            Self::Online => "",
        };
        let netdev = format!(
            "user,id=net0{restrict},hostfwd=tcp:127.0.0.1:{}-:22,hostfwd=tcp:127.0.0.1:{}-:6443",
            ports.ssh, ports.api
        );
        // Without its ROM the firmware does not try to boot from the network.
        let rom = if card == Card::Usb { "" } else { ",romfile=" };
        let device = format!("{},netdev=net0{rom}", card.model());
        ["-netdev", &netdev, "-device", &device]
            .map(str::to_owned)
            .to_vec()
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
}
