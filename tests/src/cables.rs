//! The cables of a machine in a scenario, and the addresses that it is reached by.

use std::io::Read;
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use anyhow::Context;
use machine::Lan;

use crate::Node;

/// How long a machine may be silent amid an answer.
const SILENCE: Duration = Duration::from_secs(60);

impl Node {
    /// Plugs the cable in that leads to `lan`.
    ///
    /// # Errors
    /// When QEMU refuses.
    pub fn plug_into(&self, lan: Lan) -> anyhow::Result<()> {
        Ok(self.running().plug_into(lan)?)
    }

    /// Pulls the cable out of the card that can be in `lan`.
    ///
    /// # Errors
    /// When QEMU refuses.
    pub fn unplug(&self, lan: Lan) -> anyhow::Result<()> {
        Ok(self.running().unplug(lan)?)
    }

    /// Reaches the machine, by ssh and the API, at this address in `lan` from now on.
    ///
    /// # Errors
    /// When QEMU refuses.
    pub fn move_to(&self, lan: Lan, address: Ipv4Addr) -> anyhow::Result<()> {
        Ok(self.running().forward_to(lan, address)?)
    }

    /// How many bytes the port `port` of this address in `lan` says from outside, until it has said all.
    ///
    /// # Errors
    /// When nobody answers, or in the midst no longer.
    pub fn bytes_from(&self, lan: Lan, address: Ipv4Addr, port: u16) -> anyhow::Result<u64> {
        let here = self.running().forward_more(lan, address, port)?;
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, here))
            .with_context(|| format!("cannot connect to port {here}"))?;
        stream.set_read_timeout(Some(SILENCE))?;
        let (mut count, mut bytes) = (0, [0; 65536]);
        loop {
            match stream.read(&mut bytes) {
                Ok(0) => return Ok(count),
                Ok(more) => count += more as u64,
                Err(error) => return Err(error).with_context(|| format!("after {count} bytes")),
            }
        }
    }
}
