//! What a Raspberry Pi's own firmware does before U-Boot runs. QEMU has none of it, so it is done here, from the same files: it reads
//! U-Boot and the board's device tree from the first partition of the disk, and changes the tree to what the machine has.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use crate::names;
use crate::{Disk, Error, Result, command};

/// The partition that the firmware reads.
const PARTITION: &str = "boot";
/// U-Boot, as `config.txt` names it.
const PROGRAM: &str = "u-boot.bin";
/// The tree of a 4B.
const TREE: &str = "bcm2711-rpi-4-b.dtb";
/// Bytes of a file that is read at most.
const LIMIT: u64 = 16 << 20;
/// The Debian package with `fdtput`.
const PACKAGE: &str = "device-tree-compiler";
/// What QEMU's machine lacks, by the nodes that stand for it: a driver that touches it stops the kernel.
const ABSENT: &[&str] = &[
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
    // It resets the machine as soon as it is armed.
    "/soc/watchdog@7e100000",
    // The reset line of the Wi-Fi chip.
    "/wifi-pwrseq",
];
/// The USB-C port, which is for power and gadgets on the board: it is where QEMU plugs the network adapter in.
const USB: &str = "/soc/usb@7e980000";

/// The controller that QEMU puts the SD card on: on the board it is that of the Wi-Fi chip, whose reset line is a pin that QEMU lacks.
const CARD: &str = "/soc/mmc@7e300000";

/// On the first serial port, which is the kernel's console then.
const BLUETOOTH: &str = "/soc/serial@7e201000/bluetooth";
/// The second serial port. QEMU's interrupts without end when the kernel writes to it; U-Boot uses no interrupt.
const SECOND_PORT: &str = "/soc/serial@7e215040";

/// Reads what the firmware reads from `disk`, and puts what QEMU starts with into the machine's folder `dir`.
///
/// # Errors
/// The boot partition lacks one of the files, or `fdtput` is not there.
pub(crate) fn prepare(disk: &Disk, dir: &Path) -> Result<()> {
    disk.look_into(&disk.partition(PARTITION)?, |partition| {
        let file = File::options().read(true).write(true).open(partition);
        let file = file.map_err(Error::file("open", partition))?;
        let volume = formats::fat::open(file).map_err(|error| disk.content(&error))?;
        for (name, to) in [(PROGRAM, names::U_BOOT), (TREE, names::DEVICE_TREE)] {
            let content = volume.read_file(name, LIMIT);
            let content = content.map_err(|error| disk.content(&error))?;
            let to = dir.join(to);
            std::fs::write(&to, content).map_err(Error::file("write", &to))?;
        }
        Ok(())
    })?;
    let tree = dir.join(names::DEVICE_TREE);
    for node in ABSENT {
        change(&tree, &["-t", "s"], &[node, "status", "disabled"])?;
    }
    change(&tree, &["-t", "s"], &[USB, "dr_mode", "host"])?;
    change(&tree, &["-r"], &[&format!("{CARD}/wifi@1")])?;
    change(&tree, &["-d"], &[CARD, "mmc-pwrseq"])?;
    change(&tree, &["-r"], &[BLUETOOTH])?;
    change(&tree, &["-d"], &[SECOND_PORT, "interrupts"])
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
