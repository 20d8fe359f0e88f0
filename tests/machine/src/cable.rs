//! The cables of a running machine's network cards: pulled out, plugged in, and the ways in that they carry.

use std::net::Ipv4Addr;

use serde_json::json;

use crate::network::{FIRST_LANS, SECOND_CARD, TWO_CARDS_LANS};
use crate::{Error, Lan, Ports, Qmp, Result, Running};

impl Running {
    /// Plugs the cable in that leads to `lan`; one that led elsewhere leads there no longer.
    ///
    /// # Errors
    /// When the machine has no card for it, or QEMU does not answer.
    pub fn plug_into(&self, lan: Lan) -> Result<()> {
        let mut qmp = self.qmp()?;
        links_into(lan)
            .iter()
            .try_for_each(|(name, up)| set_link(&mut qmp, name, *up))
    }

    /// Pulls the cable out of the card that can be in `lan`: it has no link.
    ///
    /// # Errors
    /// When the machine has no such card, or QEMU does not answer.
    pub fn unplug(&self, lan: Lan) -> Result<()> {
        set_link(&mut self.qmp()?, card(lan), false)
    }

    /// Leads the forwarded ports to an address that the guest has in `lan`, which at first is the one that it got by DHCP in the
    /// first.
    ///
    /// # Errors
    /// When QEMU does not answer, or refuses.
    pub fn forward_to(&self, lan: Lan, address: Ipv4Addr) -> Result<()> {
        let ports = self.ports();
        for (port, guest) in [(ports.ssh, 22), (ports.api, 6443)] {
            self.forward(port, lan, address, guest)?;
        }
        Ok(())
    }

    /// Leads a new port of the host's loopback to the port `guest` of an address that the guest has in `lan`.
    ///
    /// # Errors
    /// When no port is free, or QEMU does not answer, or refuses.
    pub fn forward_more(&self, lan: Lan, address: Ipv4Addr, guest: u16) -> Result<u16> {
        let port = Ports::free()?.api;
        self.forward(port, lan, address, guest)?;
        Ok(port)
    }

    /// There is no word of QMP's own for it, so it is said to the monitor for people.
    fn forward(&self, port: u16, lan: Lan, address: Ipv4Addr, guest: u16) -> Result<()> {
        let mut qmp = self.qmp()?;
        let lans = match self.vm().spec().second_card {
            true => TWO_CARDS_LANS,
            false => FIRST_LANS,
        };
        for lan in lans {
            let line = format!("hostfwd_remove {} tcp:127.0.0.1:{port}", lan.id());
            // That it never led there is as good.
            let said = qmp.human(&line)?;
            is_said(line, &said, &["removed", "not found"])?;
        }
        let line = format!(
            "hostfwd_add {} tcp:127.0.0.1:{port}-{address}:{guest}",
            lan.id()
        );
        let said = qmp.human(&line)?;
        is_said(line, &said, &[])
    }
}

/// Whether what the monitor said ends in one of the words of success; it says nothing where there is nothing to say.
fn is_said(line: String, said: &str, good: &[&str]) -> Result<()> {
    let said = said.trim();
    match said.is_empty() || good.iter().any(|word| said.ends_with(word)) {
        true => Ok(()),
        false => Err(Error::Qmp {
            command: line,
            reason: said.to_owned(),
        }),
    }
}

/// What has a link, and what has none, when the cable leads to `lan`: the card last, so that whoever notices its link finds the network
/// behind it.
fn links_into(lan: Lan) -> Vec<(&'static str, bool)> {
    match lan {
        Lan::First => vec![(Lan::First.id(), true)],
        Lan::Second | Lan::Other => vec![
            (Lan::Second.id(), lan == Lan::Second),
            (Lan::Other.id(), lan == Lan::Other),
            (SECOND_CARD, true),
        ],
    }
}

/// The name by which QEMU knows the end of the cable that is in the card.
fn card(lan: Lan) -> &'static str {
    match lan {
        Lan::First => Lan::First.id(),
        Lan::Second | Lan::Other => SECOND_CARD,
    }
}

fn set_link(qmp: &mut Qmp, name: &str, up: bool) -> Result<()> {
    let link = json!({ "name": name, "up": up });
    qmp.execute("set_link", Some(link)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cable_leads_to_one_network_at_a_time() {
        assert_eq!(links_into(Lan::First), [("net0", true)]);
        for (lan, second, other) in [(Lan::Second, true, false), (Lan::Other, false, true)] {
            let expected = [("net1", second), ("net2", other), ("card1", true)];
            assert_eq!(links_into(lan), expected, "{lan:?}");
        }
    }

    #[test]
    fn what_the_monitor_says_is_an_error_unless_it_is_known() {
        let removed = ["removed", "not found"];
        for (said, good, is_good) in [
            ("", &removed[..], true),
            (
                "host forwarding rule for tcp:127.0.0.1:7 removed\r\n",
                &removed,
                true,
            ),
            (
                "host forwarding rule for tcp:127.0.0.1:7 not found\r\n",
                &removed,
                true,
            ),
            ("invalid host forwarding rule\r\n", &removed, false),
            ("", &[], true),
            ("could not set up host forwarding rule\r\n", &[], false),
        ] {
            assert_eq!(
                is_said("line".to_owned(), said, good).is_ok(),
                is_good,
                "{said}"
            );
        }
    }
}
