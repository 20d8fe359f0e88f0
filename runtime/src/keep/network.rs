//! Following the machine's network: a new address makes what depends on it anew.

use super::folder::{self, Folder};
use super::{Backoff, Keeper, prepared_address};
use crate::address::{Changes, Choice, FALLBACK, choose, holds, read_host};
use crate::names::copy_name_servers;
use crate::pki::Authorities;
use crate::services::KUBERNETES;
use crate::write_for;
use init_api::{Client, Request, ServiceName};
use std::error::Error;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};
use tracing::info;

const TOPIC: &str = "network";
/// Where NetworkManager writes the machine's name servers.
const NAME_SERVERS: &str = "/run/NetworkManager";
/// An address comes, goes and comes again while a cable is put in or a lease is renewed.
const SETTLED: Duration = Duration::from_secs(3);

/// Looks at the machine's addresses whenever they change, and mends.
pub(super) async fn follow(keeper: &Keeper) {
    let mut changes = Changes::listen().ok();
    let mut names = Folder::watch(&keeper.paths.at(NAME_SERVERS)).ok();
    let mut backoff = Backoff::new();
    loop {
        let pause = match look(keeper) {
            Ok(()) => {
                backoff.reset();
                keeper.report.problems(TOPIC, Vec::new());
                Duration::from_secs(600)
            }
            Err(error) => {
                keeper.report.problems(
                    TOPIC,
                    vec![format!("the new address cannot be used: {error}")],
                );
                backoff.pause()
            }
        };
        tokio::select! {
            () = Changes::next(&mut changes, SETTLED) => {}
            () = folder::changed(&mut names) => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn look(keeper: &Keeper) -> Result<(), Box<dyn Error>> {
    if copy_name_servers(&keeper.paths)? {
        info!("the machine's name servers changed");
    }
    let current = prepared_address(&keeper.paths)?;
    let host = read_host(&keeper.paths)?;
    // An address that is still there is kept, whatever else appears; one that went away is kept until there is another.
    let kept = current != IpAddr::V4(FALLBACK) && holds(&host, current);
    let Choice::Address(address) = choose(keeper.settings.node_address, &host, true) else {
        return Ok(());
    };
    if kept || address == current {
        return Ok(());
    }
    info!("the address changed from {current} to {address}");
    let now = SystemTime::now();
    let authorities = Authorities::ensure(&keeper.paths.pki(), now)?;
    write_for(&keeper.settings, &keeper.paths, &authorities, address, now)?;
    let service = ServiceName::new(KUBERNETES)?;
    Client::connect(keeper.paths.at(init_api::paths::SOCKET))?
        .ask(&Request::Restart { service })?;
    keeper.report.address(address);
    Ok(())
}
