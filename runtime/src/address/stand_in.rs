//! An interface without hardware: an address without a network stands on it, so that the node works without a cable.

use crate::Paths;
use host::{Command, CommandError};
use init_api::interface::STAND_IN;
use std::net::{IpAddr, Ipv4Addr};
use thiserror::Error;

/// The address of a machine that never had one.
pub const FALLBACK: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 254, 254, 1));

/// The stand-in interface cannot be changed.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct StandInError(#[from] CommandError);

/// Lets the machine have `address` and no other on the stand-in interface.
///
/// The node's own address stays there while its cable is out: everything that was set up for it goes on. The real
/// interface may get it back at any time; having it twice on one machine does no harm.
///
/// # Errors
/// `ip` failed.
pub fn stand_in(paths: &Paths, address: IpAddr) -> Result<(), StandInError> {
    switched_on(paths)?;
    ip(&["address", "flush", "dev", STAND_IN])?;
    let prefix = if address.is_ipv4() { 32 } else { 128 };
    ip(&[
        "address",
        "add",
        &format!("{address}/{prefix}"),
        "dev",
        STAND_IN,
    ])
}

/// Makes the interface if it is not there, and lets packets through.
pub(super) fn switched_on(paths: &Paths) -> Result<(), StandInError> {
    if !exists(paths) {
        ip(&["link", "add", STAND_IN, "type", "dummy"])?;
    }
    ip(&["link", "set", STAND_IN, "up"])
}

/// Takes the stand-in's addresses away, if it has any. The interface itself stays: flannel's may hang on it, and the way to
/// Services leads by it.
///
/// # Errors
/// `ip` failed.
pub fn stand_down(paths: &Paths) -> Result<(), StandInError> {
    if exists(paths) {
        ip(&["address", "flush", "dev", STAND_IN])
    } else {
        Ok(())
    }
}

/// Whether an interface of this name is the stand-in.
pub fn is_stand_in(interface: &str) -> bool {
    interface == STAND_IN
}

fn exists(paths: &Paths) -> bool {
    paths.at("/sys/class/net").join(STAND_IN).exists()
}

fn ip(args: &[&str]) -> Result<(), StandInError> {
    Command::new("ip").args(args).run()?;
    Ok(())
}
