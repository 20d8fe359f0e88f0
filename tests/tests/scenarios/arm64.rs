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
pub(crate) const PI_READY_WITHIN: u64 = 60;

/// The board whose image a Raspberry Pi 3 boots.
const PI_3: &str = "rpi3";

/// QEMU's Raspberry Pi 4B.
pub(crate) fn pi() -> Spec {
    raspberry_pi(Platform::Raspi4b, 2048)
}

/// One of QEMU's Raspberry Pis: its memory and its processors cannot be chosen.
fn raspberry_pi(platform: Platform, memory_mib: u32) -> Spec {
    Spec {
        cpus: 4,
        memory_mib,
        // The smallest card: QEMU's erases by writing, so that the first boot's format is as long as the card is large.
        disk_gib: 4,
        network: Network::Absent,
        hardware: Hardware {
            platform,
            bus: Bus::Sd,
            card: Card::Usb,
            watchdog: Watchdog::None,
            ..Stage::spec().hardware
        },
        ..Stage::spec()
    }
}

pub(crate) fn rpi4_to_ready(stage: &mut Stage) -> anyhow::Result<()> {
    to_ready(stage, PI, pi())
}

pub(crate) fn rpi3_to_ready(stage: &mut Stage) -> anyhow::Result<()> {
    to_ready(stage, PI_3, raspberry_pi(Platform::Raspi3b, 1024))
}

/// Says on the console what our module shows of the supply, as soon as udev has loaded it: QEMU's firmware says that all is well.
const ASKS_ABOUT_THE_SUPPLY: &str = r#"init_commands:
  - |
    (
      file=/sys/bus/platform/devices/raspberrypi-hwmon/throttled
      until told=$(cat $file); do sleep 1; done
      echo "supply: $told" >/dev/console
    ) </dev/null >/dev/null 2>&1 &
"#;

/// The very image for an SD card: U-Boot from its boot partition, `boot.scr`, the UKI, a Ready node. The kernel's driver finds no
/// device behind QEMU's USB port, so there is no network, and the console is the only witness.
fn to_ready(stage: &mut Stage, board: &str, spec: Spec) -> anyhow::Result<()> {
    let vm = stage.machine_of(board, spec, None)?;
    vm.place_config(&(Stage::config(&vm)? + ASKS_ABOUT_THE_SUPPLY))?;
    let mut node = stage.start(&vm)?;
    let took = node.wait_ready(PI_READY_WITHIN)?;
    stage.note(format!(
        "Ready {:.0} s after QEMU started",
        took.as_secs_f64()
    ));
    let console = node.console();
    let at = |text: &str| console.lines().position(|line| line.contains(text));
    let steps = [
        "holdfast: starting holdfast_",
        "booted from /dev/mmcblk0",
        "phase root done",
        "phase state done",
        "node Ready",
    ];
    let found: Vec<_> = steps.iter().map(|step| at(step)).collect();
    ensure!(
        found.iter().all(Option::is_some) && found.is_sorted(),
        "the console has {steps:?} in lines {found:?}"
    );
    ensure!(
        at("supply: 0x0").is_some(),
        "the console does not say what the firmware says of the supply: is the module holdfast_supply loaded?"
    );
    node.power_cut()?;
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
