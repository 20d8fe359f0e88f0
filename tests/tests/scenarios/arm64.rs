//! The ARM64 image on QEMU's ARM64 machine, whose processors are a Raspberry Pi 4's: the very file that would be flashed, from its
//! firmware to a pod.

use anyhow::ensure;
use machine::{Bus, Card, Hardware, Network, Platform, Spec, Watchdog};
use vm_tests::{Node, Stage, asker_manifest};

/// The board.
const BOARD: &str = "qemu-arm64";
/// How long its first boot may take: ARM64 is emulated on most hosts, and slower than x86-64.
const READY_WITHIN: u64 = 25;

pub(crate) fn qemu_arm64_to_ready(stage: &mut Stage) -> anyhow::Result<()> {
    let spec = Spec {
        hardware: Hardware {
            platform: Platform::Virt,
            ..Hardware::default()
        },
        ..Stage::spec()
    };
    let vm = stage.machine_of(BOARD, spec, None)?;
    let mut node = stage.start(&vm)?;
    let took = node.wait_ready(READY_WITHIN)?;
    stage.note(format!(
        "Ready {:.0} s after QEMU started",
        took.as_secs_f64()
    ));
    stage.judge(
        &mut node,
        &[
            ("hardware", is_what_it_says),
            ("system workloads", |_, node| node.wait_for_system()),
            ("a pod", runs_a_pod),
        ],
    )?;
    node.power_down()?;
    Ok(())
}

/// The board whose image a Raspberry Pi 4 boots.
pub(crate) const PI: &str = "rpi4";
/// How long its first boot may take: its four processors share one thread of the host.
const PI_READY_WITHIN: u64 = 60;

/// QEMU's Raspberry Pi 4B: its memory and its processors cannot be chosen.
pub(crate) fn pi() -> Spec {
    Spec {
        cpus: 4,
        memory_mib: 2048,
        // The smallest card: QEMU's erases by writing, so that the first boot's format is as long as the card is large.
        disk_gib: 4,
        network: Network::Offline,
        hardware: Hardware {
            platform: Platform::Raspi4b,
            bus: Bus::Sd,
            card: Card::Usb,
            watchdog: Watchdog::None,
        },
        ..Stage::spec()
    }
}

/// The very image for an SD card: U-Boot from its boot partition, `boot.scr`, the UKI, a Ready node.
pub(crate) fn rpi4_to_ready(stage: &mut Stage) -> anyhow::Result<()> {
    let vm = stage.machine_of(PI, pi(), None)?;
    let mut node = stage.start(&vm)?;
    let took = node.wait_ready(PI_READY_WITHIN)?;
    stage.note(format!(
        "Ready {:.0} s after QEMU started",
        took.as_secs_f64()
    ));
    stage.judge(
        &mut node,
        &[
            ("the board", is_a_raspberry_pi),
            ("system workloads", |_, node| node.wait_for_system()),
            ("a pod", runs_a_pod),
        ],
    )?;
    node.power_down()?;
    Ok(())
}

/// What the kernel says it runs on, and what U-Boot says it started.
fn is_a_raspberry_pi(stage: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    let model = node.ssh("cat /proc/device-tree/model")?;
    ensure!(
        model.starts_with("Raspberry Pi 4 Model B"),
        "the model is {model:?}"
    );
    let entry = node.ssh("cat /proc/device-tree/chosen/holdfast,entry")?;
    ensure!(
        entry.starts_with("holdfast_") && entry.trim_end_matches('\0').ends_with(".efi"),
        "U-Boot started {entry:?}"
    );
    let controllers = node.ssh("cat /sys/fs/cgroup/cgroup.controllers")?;
    ensure!(
        controllers.split_whitespace().any(|name| name == "memory"),
        "cgroup controllers: {controllers}"
    );
    let memory = node.ssh("cat /proc/meminfo")?;
    for wanted in ["MemTotal", "MemAvailable"] {
        let line = memory.lines().find(|line| line.starts_with(wanted));
        stage.note(line.unwrap_or_default());
    }
    Ok(())
}

/// The node's own word on its processors, and a watchdog that watched before anything of the disk was mounted.
fn is_what_it_says(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    let arch = node.kubectl()?.run(&[
        "get",
        "nodes",
        "-o=jsonpath={.items[0].status.nodeInfo.architecture}",
    ])?;
    ensure!(arch.trim() == "arm64", "the node's architecture is {arch}");
    let watchdog = node.ssh("cd /sys/class/watchdog/watchdog0 && cat identity state nowayout")?;
    ensure!(
        watchdog.trim() == "i6300ESB timer\nactive\n1",
        "the watchdog: {watchdog}"
    );
    let console = node.console();
    let at = |text: &str| console.lines().position(|line| line.contains(text));
    let (armed, root) = ("watchdog armed: ", "phase root done");
    ensure!(
        at(armed).is_some_and(|armed| at(root).is_some_and(|root| armed < root)),
        "the console has no {armed:?} before {root:?}"
    );
    Ok(())
}

/// A container with the node's own programs: its runtime, its image and its network namespace.
fn runs_a_pod(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    let kubectl = node.kubectl()?;
    kubectl.apply(&asker_manifest(&node.system_image()?))?;
    node.kubectl_wait(&[
        "wait",
        "--for=condition=Ready",
        "--timeout=300s",
        "pod/asker",
    ])?;
    let machine = kubectl.run(&["exec", "asker", "--", "/usr/bin/uname", "-m"])?;
    ensure!(machine.trim() == "aarch64", "in the pod: {machine}");
    Ok(())
}
