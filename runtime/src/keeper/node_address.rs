//! Following the machine's network: a new address makes what depends on it anew.

use super::backoff::Backoff;
use super::context::{Keeper, prepared_address};
use super::folder::{self, Folder};
use super::report::Report;
use super::restart::restart;
use crate::address::{
    Changes, FALLBACK, Patience, held_on, interface_of, is_stand_in, offered, read_host,
    stand_down, stand_in,
};
use crate::name_servers::copy_name_servers;
use crate::pki::certificate_source;
use crate::prepare::{record_address, store_address, write_files};
use crate::services::{CONTROL_PLANE, KUBELET};
use crate::{Paths, Settings};
use std::error::Error;
use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime};
use tracing::info;

const TOPIC: &str = "network";
/// Where NetworkManager writes the machine's name servers.
const NAME_SERVERS: &str = "/run/NetworkManager";
/// An address comes, goes and comes again while a cable is put in or a lease is renewed.
const SETTLED: Duration = Duration::from_secs(3);
const AGAIN: Duration = Duration::from_secs(600);

/// What to do about the node's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// It is on a real interface: no stand-in is needed.
    Keep,
    /// It is nowhere: let it stand on an interface without hardware.
    StandIn,
    /// As [`Step::StandIn`], and look again after the boot has settled.
    StandInForNow,
    /// The network gives another: make everything anew for it.
    Move(IpAddr),
}

/// An address that is on an interface is kept, whatever else appears. One that is gone is kept until the network gives
/// another, and not given up while interfaces still come up (`booting`). The one of last resort is given up at once.
fn next_step(
    current: IpAddr,
    held: bool,
    fixed: bool,
    offered: Option<IpAddr>,
    booting: bool,
) -> Step {
    match offered {
        _ if held => Step::Keep,
        Some(address) if !fixed && address != current && (!booting || current == FALLBACK) => {
            Step::Move(address)
        }
        Some(_) if !fixed && booting => Step::StandInForNow,
        _ => Step::StandIn,
    }
}

/// Checks the machine's addresses whenever they change, and brings the node in line with them.
pub(super) async fn follow(keeper: &Keeper) {
    let started = Instant::now();
    let mut changes = Changes::listen().ok();
    let mut names = Folder::watch(&keeper.paths.at(NAME_SERVERS)).ok();
    let mut backoff = Backoff::new();
    let mut home = None;
    loop {
        let pause = match check(keeper, started, &mut home) {
            Ok(step) => {
                backoff.reset();
                keeper.report.problems(TOPIC, Vec::new());
                if step == Step::StandInForNow {
                    Patience::default().address
                } else {
                    AGAIN
                }
            }
            Err(error) => {
                keeper.report.problems(
                    TOPIC,
                    vec![format!("the node's address cannot be followed: {error}")],
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

/// Brings the node in line with the addresses that the machine has now. `home` is the interface that the node's address was last seen on.
fn check(
    keeper: &Keeper,
    started: Instant,
    home: &mut Option<String>,
) -> Result<Step, Box<dyn Error>> {
    let paths = &keeper.paths;
    if copy_name_servers(paths)? {
        info!("the machine's name servers changed");
    }
    let current = prepared_address(paths)?;
    let host = read_host(paths)?;
    let held = held_on(&host, current);
    if let Some(link) = held {
        *home = Some(link.to_owned());
    }
    let offered = offered(&host, current, home.as_deref());
    let booting = started.elapsed() < Patience::default().address;
    let fixed = keeper.settings.node.address.is_some();
    let step = next_step(current, held.is_some(), fixed, offered, booting);
    match step {
        Step::Keep => stand_down(paths)?,
        Step::StandIn | Step::StandInForNow if interface_of(current).is_none() => {
            stand_in(paths, current)?
        }
        Step::StandIn | Step::StandInForNow => {}
        Step::Move(address) => {
            info!("the address changed from {current} to {address}");
            move_to(&keeper.settings, paths, address)?;
            stand_down(paths)?;
        }
    }
    let now = prepared_address(paths)?;
    // State may have been full when the node moved.
    store_address(paths, now)?;
    show(&keeper.report, now);
    Ok(step)
}

/// Shows `address`, unless it only stands on an interface without hardware: who reads it wants to reach the node.
pub(super) fn show(report: &Report, address: IpAddr) {
    let on_hardware = interface_of(address).is_some_and(|name| !is_stand_in(&name));
    report.address(on_hardware.then_some(address));
}

/// Makes everything anew for `address`. It is noted last: until Kubernetes is being started for it, the node is still where
/// it was, and the next look tries again.
fn move_to(settings: &Settings, paths: &Paths, address: IpAddr) -> Result<(), Box<dyn Error>> {
    let now = SystemTime::now();
    let source = certificate_source(settings.role, paths, now)?;
    write_files(settings, paths, source.as_ref(), address, now)?;
    restart(paths, &[CONTROL_PLANE, KUBELET])?;
    Ok(record_address(paths, address)?)
}

#[cfg(test)]
mod tests {
    use super::{Step, move_to, next_step};
    use crate::address::{FALLBACK, Patience};
    use crate::keeper::context::prepared_address;
    use crate::keeper::restart::fake_init;
    use crate::{Paths, Settings, prepare};
    use std::fs;
    use std::net::IpAddr;

    #[test]
    fn a_node_has_not_moved_before_kubernetes_is_started_anew() {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        let mut settings = Settings::named("edge", "0.1.0");
        let old: IpAddr = "127.0.0.1".parse().expect("address");
        let new: IpAddr = "127.0.0.2".parse().expect("address");
        settings.node.address = Some(old);
        prepare(&settings, &paths, Patience::default()).expect("prepared");
        move_to(&settings, &paths, new).expect_err("nobody listens");
        assert_eq!(prepared_address(&paths).expect("noted"), old);
        let asked = fake_init::serve_once(&paths);
        move_to(&settings, &paths, new).expect("heard");
        let names: Vec<String> = asked.iter().map(|request| format!("{request:?}")).collect();
        assert!(
            names.len() == 2 && names[0].contains("control-plane") && names[1].contains("kubelet"),
            "{names:?}"
        );
        assert_eq!(prepared_address(&paths).expect("noted"), new);
        let kept = fs::read_to_string(paths.last_address()).expect("kept");
        assert_eq!(kept, "127.0.0.2\n");
    }

    #[test]
    fn an_address_is_kept_as_long_as_it_makes_sense() {
        let own: IpAddr = "192.168.1.5".parse().expect("address");
        let new: IpAddr = "10.0.0.9".parse().expect("address");
        for (case, current, held, fixed, offered, booting, expected) in [
            (
                "all is well",
                own,
                true,
                false,
                Some(own),
                false,
                Step::Keep,
            ),
            (
                "another interface appears",
                own,
                true,
                false,
                Some(new),
                false,
                Step::Keep,
            ),
            (
                "the cable is out",
                own,
                false,
                false,
                None,
                false,
                Step::StandIn,
            ),
            (
                "the lease brought another",
                own,
                false,
                false,
                Some(new),
                false,
                Step::Move(new),
            ),
            (
                "one interface is slower than the other",
                own,
                false,
                false,
                Some(new),
                true,
                Step::StandInForNow,
            ),
            (
                "no network at boot",
                own,
                false,
                false,
                None,
                true,
                Step::StandIn,
            ),
            (
                "a network at last",
                FALLBACK,
                false,
                false,
                Some(new),
                true,
                Step::Move(new),
            ),
            (
                "still none",
                FALLBACK,
                false,
                false,
                None,
                false,
                Step::StandIn,
            ),
            (
                "fixed, on no interface",
                own,
                false,
                true,
                Some(new),
                false,
                Step::StandIn,
            ),
        ] {
            assert_eq!(
                next_step(current, held, fixed, offered, booting),
                expected,
                "{case}"
            );
        }
    }
}
