//! The image of a PC on the buses and cards that PCs have, as far as QEMU can imitate them, with a configuration on a USB stick
//! that wins over the disk's.

use anyhow::ensure;
use machine::{Bus, Card, Hardware, Processor, Spec, Watchdog};
use vm_tests::{Node, Stage};

/// The board.
const NUC: &str = "nuc";
/// The host name that only the stick says.
const NAME: &str = "from-the-stick";

/// Boots the board's image for the first time on a machine with that disk and card, and asks the node whether it really
/// runs on them: `path` is a part of the disk's place in `/sys`, `driver` the card's.
fn first_boot(
    stage: &mut Stage,
    bus: Bus,
    card: Card,
    path: &str,
    driver: &str,
) -> anyhow::Result<()> {
    let hardware = Hardware {
        bus,
        card,
        watchdog: Watchdog::Itco,
        ..Hardware::default()
    };
    let spec = Spec {
        hardware,
        // What a PC has; the other scenarios have the one that is emulated fastest.
        processor: Processor::V3,
        stick: true,
        ..Stage::spec()
    };
    let vm = stage.machine_of(NUC, spec, None)?;
    vm.place_stick(&format!("version: 1\nhostname: {NAME}\n"))?;
    let mut node = stage.start(&vm)?;
    let took = node.wait_ready(15)?;
    stage.note(format!(
        "Ready {:.0} s after QEMU started",
        took.as_secs_f64()
    ));
    runs_on(&node, path, driver)?;
    reads_the_stick(&node)?;
    node.power_down()?;
    Ok(())
}

/// Checks that state is on the disk at `path`, that a card of `driver` is there, and that the chipset's watchdog watches.
pub(crate) fn runs_on(node: &Node, path: &str, driver: &str) -> anyhow::Result<()> {
    let disk = node.ssh(
        "device=$(grep ' /state ext4 ' /proc/mounts | cut -d ' ' -f 1) && readlink -f /sys/class/block/${device##*/}",
    )?;
    ensure!(
        disk.contains(path),
        "state is on {disk}, which is not below {path}"
    );
    let drivers = node.ssh("readlink /sys/class/net/*/device/driver")?;
    ensure!(
        drivers
            .lines()
            .any(|link| link.ends_with(&format!("/{driver}"))),
        "no network card has the driver {driver}, but: {drivers}"
    );
    let watchdog = node.ssh("cd /sys/class/watchdog/watchdog0 && cat identity state nowayout")?;
    ensure!(
        watchdog.trim() == "iTCO_wdt\nactive\n1",
        "the watchdog: {watchdog}"
    );
    let stops = node.ssh("cat /sys/module/watchdog/parameters/stop_on_reboot")?;
    ensure!(stops.trim() == "0", "stop_on_reboot is {stops}");
    armed_early(&node.console())
}

/// Checks that what the stick says is in force, and what only the partition says as well: by its key we are logged in.
fn reads_the_stick(node: &Node) -> anyhow::Result<()> {
    let name = node.ssh("cat /proc/sys/kernel/hostname")?;
    ensure!(name.trim() == NAME, "the host's name is {name}");
    let said = node.ssh("holdfast config explain hostname")?;
    ensure!(
        said.contains("USB stick"),
        "holdfast config explain hostname: {said}"
    );
    let status = node.ssh("holdfast status")?;
    ensure!(
        status.contains("USB stick"),
        "holdfast status names no stick among its sources: {status}"
    );
    Ok(())
}

/// Checks that the chipset's watchdog watched before anything of the disk was mounted.
fn armed_early(console: &str) -> anyhow::Result<()> {
    let (armed, root) = ("watchdog armed: iTCO_wdt", "phase root done");
    let at = |text: &str| console.lines().position(|line| line.contains(text));
    ensure!(
        at(armed).is_some_and(|armed| at(root).is_some_and(|root| armed < root)),
        "the console has no {armed:?} before {root:?}"
    );
    Ok(())
}

pub(crate) fn first_boot_of_a_nuc_from_nvme(stage: &mut Stage) -> anyhow::Result<()> {
    first_boot(stage, Bus::Nvme, Card::E1000e, "/nvme", "e1000e")
}

pub(crate) fn first_boot_of_a_nuc_from_sata(stage: &mut Stage) -> anyhow::Result<()> {
    first_boot(stage, Bus::Ahci, Card::Igb, "/ata", "igb")
}

pub(crate) fn first_boot_of_a_nuc_from_a_usb_stick(stage: &mut Stage) -> anyhow::Result<()> {
    first_boot(stage, Bus::Usb, Card::E1000e, "/usb", "e1000e")
}
