//! Following the machine's network: a new address makes what depends on it anew.

mod step;

use super::backoff::Backoff;
use super::context::{Keeper, prepared_address};
use super::folder::{self, Folder};
use super::report::Report;
use super::restart::restart;
use crate::address::{
    Changes, Patience, interface_of, is_stand_in, keep_services_route, read_host, stand_down,
    stand_in,
};
use crate::name_servers::copy_name_servers;
use crate::pki::certificate_source;
use crate::prepare::{record_address, store_address, write_files};
use crate::services::{CONTROL_PLANE, KUBELET};
use crate::{Paths, Settings};
use std::error::Error;
use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime};
use step::{Memory, Step, next_step};
use tracing::info;

const TOPIC: &str = "network";
/// Where NetworkManager writes the machine's name servers.
const NAME_SERVERS: &str = "/run/NetworkManager";
/// An address comes, goes and comes again while a cable is put in or a lease is renewed.
const SETTLED: Duration = Duration::from_secs(3);
/// Pods that come and go, and radios that scan, make changes without end.
const LONGEST: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_secs(600);

/// Checks the machine's addresses whenever they change, and brings the node in line with them.
pub(super) async fn follow(keeper: &Keeper) {
    let started = Instant::now();
    let mut changes = Changes::listen().ok();
    let mut names = Folder::watch(&keeper.paths.at(NAME_SERVERS)).ok();
    let mut backoff = Backoff::new();
    let mut memory = Memory::default();
    loop {
        let pause = match check(keeper, started, &mut memory) {
            Ok(step) => {
                backoff.reset();
                keeper.report.problems(TOPIC, Vec::new());
                match step {
                    Step::StandInForNow | Step::KeepForNow => Patience::default().address,
                    Step::Keep | Step::StandIn | Step::Move(_) => AGAIN,
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
            () = Changes::next(&mut changes, SETTLED, LONGEST) => {}
            () = folder::changed(&mut names) => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Brings the node in line with the addresses that the machine has now.
fn check(keeper: &Keeper, started: Instant, memory: &mut Memory) -> Result<Step, Box<dyn Error>> {
    let paths = &keeper.paths;
    if copy_name_servers(paths)? {
        info!("the machine's name servers changed");
    }
    let current = prepared_address(paths)?;
    let host = read_host(paths)?;
    let mut look = memory.observe(&host, current, Instant::now());
    look.fixed = keeper.settings.node.address.is_some();
    look.booting = started.elapsed() < Patience::default().address;
    let step = next_step(&look);
    match step {
        Step::Keep | Step::KeepForNow => stand_down(paths)?,
        Step::StandIn | Step::StandInForNow if interface_of(current).is_none() => {
            stand_in(paths, current)?
        }
        Step::StandIn | Step::StandInForNow => {}
        Step::Move(address) => {
            info!("the address changed from {current} to {address}");
            move_to(&keeper.settings, paths, address)?;
            memory.moved(&host, address);
            stand_down(paths)?;
        }
    }
    let now = prepared_address(paths)?;
    // With a default route nothing misses it, and a kernel without such interfaces has no other way.
    if let Err(error) = keep_services_route(paths, keeper.settings.cluster.services, now) {
        tracing::warn!("no route to Services by holdfast0: {error}");
    }
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
    use super::move_to;
    use crate::address::Patience;
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
}
