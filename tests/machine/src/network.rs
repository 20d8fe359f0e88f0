//! The machine's network card and the loopback ports that lead into it.

use std::net::{Ipv4Addr, TcpListener};

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

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
    /// QEMU's arguments for the card.
    pub(crate) fn arguments(self, ports: Ports) -> Vec<String> {
        let restrict = match self {
            Self::Absent => return vec!["-nic".to_owned(), "none".to_owned()],
            Self::Offline => ",restrict=on",
            Self::Online => "",
        };
        let netdev = format!(
            "user,id=net0{restrict},hostfwd=tcp:127.0.0.1:{}-:22,hostfwd=tcp:127.0.0.1:{}-:6443",
            ports.ssh, ports.api
        );
        [
            "-netdev",
            &netdev,
            "-device",
            "virtio-net-pci,netdev=net0,romfile=",
        ]
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
        assert_eq!(Network::Absent.arguments(ports), ["-nic", "none"]);
        assert!(
            Network::Offline.arguments(ports)[1]
                .contains("restrict=on,hostfwd=tcp:127.0.0.1:2022-:22")
        );
        assert!(!Network::Online.arguments(ports)[1].contains("restrict"));
    }
}
