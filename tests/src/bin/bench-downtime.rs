//! `make bench-downtime`: how long a node is away in an upgrade, against a plain reboot of the same machine.

#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use machine::{Deadline, Event, Network, Platform, Qemu, Running, Spec, Vm};
use vm_tests::{Stage, next_release, probe_archive, probe_manifest, releases, root};

/// How long a restart may take.
const MINUTES: u64 = 20;
/// What an upgrade may take, in times of a plain reboot.
const MOST: f64 = 1.15;
/// Where the release repository lies on the node.
const REPOSITORY: &str = "/var/releases";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench-downtime: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A reboot, the upgrade, and a reboot, so that neither side has the fuller disk or the warmer host alone.
fn run() -> anyhow::Result<bool> {
    let mut running = begun()?;
    let first = rebooted(&mut running)?;
    println!("a plain reboot: Ready again after {first:.1} s");
    let upgrade = upgraded(&mut running)?;
    println!("an upgrade: Ready again {upgrade:.1} s after the drain began");
    let last = rebooted(&mut running)?;
    println!("a plain reboot: Ready again after {last:.1} s");
    let ratio = upgrade / f64::midpoint(first, last);
    println!("downtime in an upgrade, against a plain reboot: {ratio:.2} times, of {MOST}");
    Ok(ratio <= MOST)
}

/// A node that is Ready, with a workload, and with the next release beside it.
fn begun() -> anyhow::Result<Running> {
    let qemu = Qemu::find(Platform::Q35)?;
    let spec = Spec {
        network: Network::Offline,
        ..Spec::default()
    };
    let folder = root().join("build/bench/downtime");
    let vm = Vm::create_with_copy(&folder, &vm_tests::image()?, spec, &qemu)?;
    vm.place_config(&Stage::config(&vm)?)?;
    let mut running = vm.start("bench-downtime", &qemu)?.owned();
    running.wait_ready(Deadline::minutes(MINUTES), |_, _| {})?;
    let ssh = running.ssh()?;
    ssh.send(&probe_archive()?, "ctr -n k8s.io images import -")?;
    ssh.send(
        &releases()?,
        &format!("mkdir -p {REPOSITORY} && tar -x -C {REPOSITORY}"),
    )?;
    running.kubectl()?.apply(&probe_manifest())?;
    at_rest(&running)?;
    Ok(running)
}

/// Seconds from the command to Ready.
fn rebooted(running: &mut Running) -> anyhow::Result<f64> {
    let begun = Instant::now();
    // The connection may be cut before the command's own exit code arrives.
    running.ssh()?.try_run("holdfast reboot")?;
    ready_again(running, begun)
}

/// Seconds from the node being cordoned, with which its drain begins, to Ready in the release that was asked for.
fn upgraded(running: &mut Running) -> anyhow::Result<f64> {
    let next = next_release()?;
    let kubectl = running.kubectl()?;
    kubectl.apply(&format!(
        "apiVersion: upgrade.holdfast.dev/v1alpha1\nkind: Upgrade\nmetadata: {{name: stores}}\nspec:\n  \
         source: {{folder: {REPOSITORY}}}\n  version: {next}\n"
    ))?;
    let cordoned = [
        "get",
        "nodes",
        "-o",
        "jsonpath={.items[*].spec.unschedulable}",
    ];
    let deadline = Deadline::minutes(MINUTES);
    while kubectl.run(&cordoned)? != "true" {
        if deadline.passed() {
            bail!("no drain began within {MINUTES} min");
        }
        running.let_run(Duration::from_millis(500), |_| ())?;
    }
    let begun = Instant::now();
    let took = ready_again(running, begun)?;
    let status = running.ssh()?.run("holdfast upgrade status")?;
    ensure!(
        status.contains(&next),
        "it did not come up in {next}: {status}"
    );
    Ok(took)
}

/// Seconds since `begun` when the console says that the node is Ready.
fn ready_again(running: &mut Running, begun: Instant) -> anyhow::Result<f64> {
    let deadline = Deadline::minutes(MINUTES);
    running.wait_for("the next boot", deadline, |line| {
        matches!(line.event()?, Event::Phase { at, .. } if at < 15.0).then_some(())
    })?;
    running.forget_cluster()?;
    running
        .wait_for("the node to be Ready", Deadline::minutes(MINUTES), |line| {
            matches!(line.event()?, Event::Ready { .. }).then_some(())
        })
        .context("after the restart")?;
    let took = begun.elapsed().as_secs_f64();
    // The next restart begins from a node at rest, as this one did.
    at_rest(running)?;
    Ok(took)
}

fn at_rest(running: &Running) -> anyhow::Result<()> {
    running.kubectl()?.run(&[
        "wait",
        "--for=condition=Available",
        "--timeout=600s",
        "--all-namespaces",
        "--all",
        "deployments",
    ])?;
    Ok(())
}
