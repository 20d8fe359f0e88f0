//! Foreign programs that know partition tables. `sgdisk` takes files for disks of 512-byte sectors; `fdisk` can be told.

use disk::Sector;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs `sgdisk` on a disk with sectors of 512 bytes; gives all that it says.
pub(crate) fn sgdisk(arguments: &[&str], disk: &Path) -> String {
    let output = Command::new("sgdisk").args(arguments).arg(disk).output();
    said(&output.expect("sgdisk (gdisk) is needed"))
}

/// Gives a command to `fdisk`, which leaves the disk as it is; gives all that it says.
fn fdisk(command: &str, disk: &Path) -> String {
    let mut fdisk = Command::new("fdisk")
        .args(["--sector-size", "4096", "--color=never"])
        .arg(disk)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("fdisk is needed");
    let mut input = fdisk.stdin.take().expect("a pipe");
    write!(input, "{command}\nq\n").expect("fdisk reads");
    drop(input);
    said(&fdisk.wait_with_output().expect("fdisk ends"))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The judge finds both copies, the protective MBR and all partitions in order.
pub(crate) fn assert_good(disk: &Path, sector: Sector) {
    let (said, good) = match sector {
        Sector::Bytes512 => (sgdisk(&["-v"], disk), "No problems found"),
        Sector::Bytes4096 => (fdisk("v", disk), "No errors detected."),
    };
    let warned = said.contains("corrupt") || said.contains("invalid");
    assert!(said.contains(good) && !warned, "{said}");
}

/// What the judge lists.
pub(crate) fn listing(disk: &Path, sector: Sector) -> String {
    match sector {
        Sector::Bytes512 => sgdisk(&["-p"], disk),
        Sector::Bytes4096 => fdisk("x\np\nr", disk),
    }
}
