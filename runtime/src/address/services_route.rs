//! The way from the machine itself to Services.
//!
//! kube-proxy turns a Service's address into a pod's when a program of the machine sends a packet there; but the kernel asks for a
//! route first. Where there is no default route (a site without internet, a cable that is out) it answers "Network is
//! unreachable", and neither the machine nor pods in its network reach a Service. So there is always one, by the interface
//! without hardware; the true way is chosen after kube-proxy.

use super::routes::{Routes, RoutesError};
use super::stand_in::{StandInError, switched_on};
use crate::Paths;
use host::{Command, CommandError};
use init_api::interface::STAND_IN;
use ipnet::IpNet;
use std::net::IpAddr;
use thiserror::Error;

/// The route cannot be laid.
#[derive(Debug, Error)]
pub enum ServicesRouteError {
    /// Which routes there are is not known.
    #[error(transparent)]
    Routes(#[from] RoutesError),
    /// There is no interface for it.
    #[error(transparent)]
    Interface(#[from] StandInError),
    /// `ip` failed.
    #[error(transparent)]
    Command(#[from] CommandError),
}

/// Lays the route to `services`, from the node's `address`, if it is not there.
///
/// The kernel takes it away with the address that it is from, and with the last address of the interface.
///
/// # Errors
/// What [`ServicesRouteError`] lists.
pub fn keep_services_route(
    paths: &Paths,
    services: IpNet,
    address: IpAddr,
) -> Result<(), ServicesRouteError> {
    let (IpNet::V4(services), IpAddr::V4(address)) = (services, address) else {
        return Ok(());
    };
    if Routes::read(paths)?.has(services, STAND_IN) {
        return Ok(());
    }
    switched_on(paths)?;
    let route = [
        "route".to_owned(),
        "replace".to_owned(),
        services.to_string(),
        "dev".to_owned(),
        STAND_IN.to_owned(),
        "src".to_owned(),
        address.to_string(),
    ];
    Ok(Command::new("ip").args(route).run().map(|_| ())?)
}
