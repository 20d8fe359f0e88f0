//! All that a machine without a network gets from a stick: the system, its workload, a release.

use crate::hardware::runs_on;
use crate::install::{runs_from_the_disk, wait_installed};
use crate::upgrade::{comes_up_in_slot_b, upgrade_from};
use anyhow::{Context, ensure};
use machine::{Bus, Card, Hardware, Spec, Vm, Watchdog};
use std::time::{Duration, Instant};
use vm_tests::{Bundle, Node, Random, Stage, bundle, next_release, probe_manifest};

/// The board.
const NUC: &str = "nuc";
/// How often a stick is pulled out of a running node.
const PULLED_OUT: u32 = 20;
/// After this, under emulation, a node has long read what the stick has.
const LONGEST_MILLIS: u64 = 12_000;

pub(crate) fn a_stick_brings_system_and_workload(stage: &mut Stage) -> anyhow::Result<()> {
    installed(stage, false)?.power_down()?;
    Ok(())
}

/// A machine with an empty disk and one stick, which stays in; a `second` one is at hand. The firmware prefers it at each start, and each time it
/// gives the machine to its disk. The network card leads to nowhere but to us.
fn installed(stage: &mut Stage, second: bool) -> anyhow::Result<Node> {
    let hardware = Hardware {
        bus: Bus::Nvme,
        card: Card::E1000e,
        watchdog: Watchdog::Itco,
        ..Hardware::default()
    };
    let spec = Spec {
        hardware,
        install_stick: true,
        stick: second,
        ..Stage::spec()
    };
    let vm = stage.machine_with_install_stick(NUC, spec, None)?;
    if second {
        let other = vm.dir().join("other");
        std::fs::create_dir_all(&other)?;
        vm.place_stick_of(&bundle(&other, &probe_manifest(), None)?.path)?;
    }
    let bundle = bundle(vm.dir(), &probe_manifest(), Some(NUC))?;
    vm.flash_stick(&bundle.path)?;
    vm.configure_stick(&format!(
        "{}install: {{disk: {{bus: nvme}}}}\nbundles: {{signers: [\"{}\"], manifests: true}}\n",
        Stage::config(&vm)?,
        bundle.signer
    ))?;
    let mut node = stage.start(&vm)?;
    if second {
        // Not yet.
        node.pull_stick()?;
    }
    wait_installed(stage, &mut node, "reboot was asked for")?;
    node.next_boot()?;
    let took = node.wait_ready(15)?;
    stage.note(format!(
        "Ready from the disk {:.0} s after QEMU started",
        took.as_secs_f64()
    ));
    runs_from_the_disk(&mut node, "node")?;
    runs_on(&node, "/nvme", "e1000e")?;
    node.wait_available("default", "deployment/probe")?;
    says(&node, "bundle stores of ", true)?;
    Ok(node)
}

pub(crate) fn a_stick_brings_the_next_release(stage: &mut Stage) -> anyhow::Result<()> {
    let next = next_release()?;
    let mut node = installed(stage, true)?;
    node.kubectl()?
        .apply(&upgrade_from("{usb: {}}", &next, ""))?;
    comes_up_in_slot_b(&mut node, &next)?;
    // To install, and when the machine restarted for the trial: then it gave the machine to its disk.
    let starts = node.console().matches("booted from /dev/sda").count();
    ensure!(starts == 2, "the stick was started {starts} times");
    node.wait_available("default", "deployment/probe")?;
    let loaded =
        node.ssh("grep -c 'loaded the images of bundle' /run/log/holdfast/keeper.log || true")?;
    ensure!(
        loaded.trim() == "0",
        "the images were loaded again after the restart: {loaded}"
    );
    a_second_stick_is_left_alone(&node)?;
    node.power_down()?;
    Ok(())
}

/// Which of two is meant nobody can know: the one that is used stays in use, and a person is told.
fn a_second_stick_is_left_alone(node: &Node) -> anyhow::Result<()> {
    node.plug_stick()?;
    says(node, "is left alone", true)?;
    says(node, "bundle stores of ", true)?;
    node.pull_stick()?;
    says(node, "is left alone", false)
}

/// A stick that is pulled out again and again while a running node reads it: the node stays Ready, keeps nothing half, and takes all of
/// it when the stick stays in.
pub(crate) fn a_stick_pulled_out_at_any_moment(stage: &mut Stage) -> anyhow::Result<()> {
    let mut node = with_its_stick(stage)?;
    let mut random = Random::from_environment();
    stage.note(format!("HOLDFAST_SEED={}", random.seed()));
    for number in 1..=PULLED_OUT {
        node.plug_stick()?;
        let moment = Duration::from_millis(random.below(LONGEST_MILLIS));
        // The moment is what is tried: nothing can be waited for.
        node.let_run(moment, |_| ())?;
        node.pull_stick()?;
        stage.note(format!("pulled out after {} ms", moment.as_millis()));
        says(&node, "bundle stores of ", false)
            .with_context(|| format!("after the stick was pulled out {number} times"))?;
        is_ready(&node)?;
    }
    node.plug_stick()?;
    says(&node, "bundle stores of ", true)?;
    node.wait_available("default", "deployment/probe")?;

    // What the stick brought stays when it is gone.
    node.pull_stick()?;
    says(&node, "bundle stores of ", false)?;
    let pods = node
        .kubectl()?
        .run(&["get", "pods", "-o", "jsonpath={.items[*].status.phase}"])?;
    ensure!(pods == "Running", "the pods are {pods}");
    node.power_down()?;
    Ok(())
}

/// A node that takes the bundle of its stick.
fn with_its_stick(stage: &mut Stage) -> anyhow::Result<Node> {
    let spec = Spec {
        stick: true,
        ..Stage::spec()
    };
    let vm = stage.machine(spec, None)?;
    let bundle = bundle(vm.dir(), &probe_manifest(), None)?;
    beside_its_stick(stage, &vm, &bundle)
}

/// A node that takes this bundle; the stick that has it is pulled out.
pub(crate) fn beside_its_stick(
    stage: &mut Stage,
    vm: &Vm,
    bundle: &Bundle,
) -> anyhow::Result<Node> {
    vm.place_config(&format!(
        "{}bundles: {{signers: [\"{}\"], manifests: true}}\n",
        Stage::config(vm)?,
        bundle.signer
    ))?;
    vm.place_stick_of(&bundle.path)?;
    let mut node = stage.start(vm)?;
    node.pull_stick()?;
    node.wait_ready(15)?;
    Ok(node)
}

fn is_ready(node: &Node) -> anyhow::Result<()> {
    let ready = "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}";
    let ready = node.kubectl()?.run(&["get", "nodes", "-o", ready])?;
    ensure!(ready == "True", "Ready is {ready}");
    Ok(())
}

/// A stick that is pulled out again and again while its release is staged: the node says what it waits for, keeps the release that
/// runs, goes on at once when the stick is back, and restarts into the release when it may.
pub(crate) fn a_stick_pulled_out_while_a_release_is_staged(
    stage: &mut Stage,
) -> anyhow::Result<()> {
    let next = next_release()?;
    let mut node = with_its_stick(stage)?;
    let mut random = Random::from_environment();
    stage.note(format!("HOLDFAST_SEED={}", random.seed()));
    // It may be staged now and restart another day, so that each time here is one of staging.
    let day = node.ssh("date -u -d '+3 days' +%a")?.to_lowercase();
    let window = format!(
        "windows: [{{days: [{}], start: \"02:00\", duration: 1h, timeZone: UTC}}]",
        day.trim()
    );
    node.kubectl()?
        .apply(&upgrade_from("{usb: {}}", &next, &window))?;
    let mut broken_off = 0;
    for _ in 0..PULLED_OUT {
        // It may have come to its end just before the stick was pulled out.
        if stands_as(&node, &["USB stick", "Staged"])?.starts_with("Staged") {
            break;
        }
        node.plug_stick()?;
        let begun = Instant::now();
        let staged = stands_as(&node, &["Stag"])?.starts_with("Staged");
        let moment = Duration::from_millis(random.below(LONGEST_MILLIS));
        // The moment is what is tried: nothing can be waited for.
        node.let_run(moment, |_| ())?;
        node.pull_stick()?;
        if staged {
            break;
        }
        broken_off += 1;
        stage.note(format!(
            "pulled out after {} ms",
            begun.elapsed().as_millis()
        ));
        is_ready(&node)?;
    }
    ensure!(broken_off > 0, "no staging was broken off");
    stage.note(format!("pulled out {broken_off} times while it was staged"));
    node.plug_stick()?;
    stands_as(&node, &["Staged"])?;
    node.kubectl()?
        .apply(&upgrade_from("{usb: {}}", &next, "windows: []"))?;
    comes_up_in_slot_b(&mut node, &next)?;
    node.power_down()?;
    Ok(())
}

/// Waits until the node's part of the upgrade stands in one of these ways: `PHASE MESSAGE`.
fn stands_as(node: &Node, what: &[&str]) -> anyhow::Result<String> {
    let path = "jsonpath={.items[*].status.phase} {.items[*].status.message}";
    node.until(&format!("an upgrade that says {what:?}"), 600, |node| {
        let said = node.kubectl()?.run(&["get", "nodeupgrades", "-o", path])?;
        ensure!(what.iter().any(|one| said.contains(one)), "it says {said}");
        Ok(said)
    })
}

/// Waits until `holdfast status` says it, or says it no more.
fn says(node: &Node, what: &str, wanted: bool) -> anyhow::Result<()> {
    node.until(&format!("status with {what:?}: {wanted}"), 60, |node| {
        let status = node.ssh("holdfast status")?;
        ensure!(status.contains(what) == wanted, "it says {status}");
        Ok(())
    })
}
