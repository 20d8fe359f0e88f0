//! What a Raspberry Pi's own firmware does before U-Boot runs. QEMU has none of it, so it is done here, from the same files: it reads
//! U-Boot and the board's device tree from the first partition of the disk, and changes the tree to what the machine has.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use crate::names;
use crate::{Disk, Error, Platform, Result, command};

/// The partition that the firmware reads.
const PARTITION: &str = "boot";
/// U-Boot, as `config.txt` names it.
const PROGRAM: &str = "u-boot.bin";
/// Bytes of a file that is read at most.
const LIMIT: u64 = 16 << 20;
/// The Debian package with `fdtput`.
const PACKAGE: &str = "device-tree-compiler";

/// How QEMU's machine differs from the board that a device tree speaks of.
#[derive(Debug)]
pub(crate) struct Model {
    /// The tree, by its name on the boot partition.
    tree: &'static str,
    /// What the machine lacks, by the nodes that stand for it: a driver that touches it stops the kernel.
    absent: &'static [&'static str],
    /// The port that QEMU plugs the network adapter in, where the board has it for power and gadgets.
    gadget_port: Option<&'static str>,
    /// The controller that QEMU puts the SD card on, where the board has the Wi-Fi chip on it: its reset line is a pin that QEMU
    /// lacks.
    card: Option<&'static str>,
    /// What the board has on its first serial port, which is the kernel's console then.
    bluetooth: &'static str,
    /// The second serial port. QEMU's interrupts without end when the kernel writes to it; U-Boot uses no interrupt.
    second_port: &'static str,
}

/// Where memory goes on above what the graphics' processor reaches. A Pi 3 has none there.
const UPPER_MEMORY_MIB: u32 = 1024;

/// It resets the machine as soon as it is armed.
const WATCHDOG: &str = "/soc/watchdog@7e100000";
/// The reset line of the Wi-Fi chip.
const WIFI_RESET: &str = "/wifi-pwrseq";

const PI_3B: Model = Model {
    tree: "bcm2837-rpi-3-b.dtb",
    absent: &[WATCHDOG, WIFI_RESET],
    gadget_port: None,
    card: None,
    bluetooth: "/soc/serial@7e201000/bluetooth",
    second_port: "/soc/serial@7e215040",
};

const PI_4B: Model = Model {
    tree: "bcm2711-rpi-4-b.dtb",
    absent: &[
        "/soc/interrupt-controller@7ef00100",
        "/soc/i2c@7ef04500",
        "/soc/i2c@7ef09500",
        "/soc/clock@7ef00000",
        "/soc/hvs@7e400000",
        "/soc/pixelvalve@7e206000",
        "/soc/pixelvalve@7e207000",
        "/soc/pixelvalve@7e20a000",
        "/soc/pixelvalve@7e216000",
        "/soc/pixelvalve@7ec12000",
        "/soc/txp@7e004000",
        "/soc/vec@7ec13000",
        "/soc/dsi@7e209000",
        "/soc/dsi@7e700000",
        "/soc/csi@7e800000",
        "/soc/csi@7e801000",
        "/soc/hdmi@7ef00700",
        "/soc/hdmi@7ef05700",
        WATCHDOG,
        WIFI_RESET,
    ],
    gadget_port: Some("/soc/usb@7e980000"),
    card: Some("/soc/mmc@7e300000"),
    bluetooth: "/soc/serial@7e201000/bluetooth",
    second_port: "/soc/serial@7e215040",
};

/// The board that a machine of that kind is; `None` where it is no Raspberry Pi.
pub(crate) const fn model(platform: Platform) -> Option<&'static Model> {
    match platform {
        Platform::Q35 | Platform::Virt => None,
        Platform::Raspi3b => Some(&PI_3B),
        Platform::Raspi4b => Some(&PI_4B),
    }
}

/// Reads what the firmware reads from `disk`, and puts what QEMU starts a machine of so much memory with into its folder `dir`.
///
/// # Errors
/// The boot partition lacks one of the files, or `fdtput` is not there.
pub(crate) fn prepare(model: &Model, memory_mib: u32, disk: &Disk, dir: &Path) -> Result<()> {
    disk.look_into(&disk.partition(PARTITION)?, |partition| {
        let file = File::options().read(true).write(true).open(partition);
        let file = file.map_err(Error::file("open", partition))?;
        let volume = formats::fat::open(file).map_err(|error| disk.content(&error))?;
        for (name, to) in [(PROGRAM, names::U_BOOT), (model.tree, names::DEVICE_TREE)] {
            let content = volume.read_file(name, LIMIT);
            let content = content.map_err(|error| disk.content(&error))?;
            let to = dir.join(to);
            std::fs::write(&to, content).map_err(Error::file("write", &to))?;
        }
        Ok(())
    })?;
    let tree = dir.join(names::DEVICE_TREE);
    for node in model.absent {
        change(&tree, &["-t", "s"], &[node, "status", "disabled"])?;
    }
    if let Some(port) = model.gadget_port {
        change(&tree, &["-t", "s"], &[port, "dr_mode", "host"])?;
    }
    if let Some(card) = model.card {
        change(&tree, &["-r"], &[&format!("{card}/wifi@1")])?;
        change(&tree, &["-d"], &[card, "mmc-pwrseq"])?;
    }
    change(&tree, &["-r"], &[model.bluetooth])?;
    change(&tree, &["-d"], &[model.second_port, "interrupts"])?;
    match memory_mib.checked_sub(UPPER_MEMORY_MIB) {
        Some(upper @ 1..) => add_upper_memory(&tree, upper),
        _ => Ok(()),
    }
}

/// The firmware tells of all memory. QEMU tells of what is below the first gigabyte alone, and removes each node whose name begins as a
/// memory's; U-Boot goes by the type.
fn add_upper_memory(tree: &Path, mib: u32) -> Result<()> {
    let start = u64::from(UPPER_MEMORY_MIB) << 20;
    let node = format!("/upper-memory@{start:x}");
    change(tree, &["-c"], &[&node])?;
    change(tree, &["-t", "s"], &[&node, "device_type", "memory"])?;
    let (start, length) = (format!("{start:x}"), format!("{:x}", u64::from(mib) << 20));
    // Two cells of address, one of length.
    change(tree, &["-t", "x"], &[&node, "reg", "0", &start, &length])
}

fn change(tree: &Path, how: &[&str], what: &[&str]) -> Result<()> {
    let mut fdtput = Command::new("fdtput");
    fdtput.args(how).arg(tree).args(what);
    command::run(&mut fdtput, PACKAGE).map(drop)
}

/// QEMU's arguments that start what was prepared in `dir`.
pub(crate) fn arguments(dir: &Path) -> [String; 4] {
    let path = |name: &str| dir.join(name).to_string_lossy().into_owned();
    [
        "-kernel".to_owned(),
        path(names::U_BOOT),
        "-dtb".to_owned(),
        path(names::DEVICE_TREE),
    ]
}
