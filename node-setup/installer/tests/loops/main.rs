//! Installations onto loop devices with sectors of both sizes: opened for themselves, read back past the kernel's memory, and judged by
//! programs that ask the device for its sectors. Ignored where loop devices cannot be had.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it, and its judges are programs"
)]

mod source;
#[path = "../install/stick.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod stick;

use disk::Sector;
use installer::{Content, Device, execute, inspect, signatures};
use libtest_mimic::{Arguments, Failed, Trial};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use stick::{DISK, Stick};

/// A loop device; detached when dropped.
struct Loop(PathBuf);

impl Loop {
    fn new(file: &Path, sector: Sector) -> Result<Self, String> {
        let sector = sector.bytes().to_string();
        let output = Command::new("losetup")
            .args(["--find", "--show", "--sector-size", &sector])
            .arg(file)
            .output()
            .map_err(|error| format!("losetup: {error}"))?;
        if output.status.success() {
            return Ok(Self(String::from_utf8_lossy(&output.stdout).trim().into()));
        }
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(format!("losetup says {said:?}; run this as root"))
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = Command::new("losetup").arg("-d").arg(&self.0).status();
    }
}

fn disk(folder: &Path, sector: Sector) -> Result<Loop, String> {
    let path = folder.join("disk");
    let file = File::create(&path).map_err(|error| error.to_string())?;
    file.set_len(DISK).map_err(|error| error.to_string())?;
    Loop::new(&path, sector)
}

fn installs(sector: Sector) {
    let folder = tempfile::tempdir().expect("folder");
    let disk = disk(folder.path(), sector).expect("a loop device");
    let stick = Stick::new();
    let mut device = Device::open(&disk.0).expect("opened");
    assert_eq!(device.geometry().sector, sector);
    let found = signatures(&disk.0).expect("wipefs");
    assert_eq!(
        inspect(&device, device.geometry(), &found).expect("read"),
        Content::Empty
    );
    let plan = stick.plan(device.geometry(), &found);
    execute(&plan, &stick.job(), &mut device, &mut |_| {}).expect("installed");
    let found = signatures(&disk.0).expect("wipefs");
    let content = inspect(&device, device.geometry(), &found).expect("read");
    assert!(matches!(content, Content::Installed { .. }), "{content:?}");
    drop(device);
    let judge = Command::new("sgdisk")
        .arg("-v")
        .arg(&disk.0)
        .output()
        .expect("sgdisk");
    let said = String::from_utf8_lossy(&judge.stdout).into_owned();
    assert!(said.contains("No problems found"), "{said}");
}

fn in_use() {
    let folder = tempfile::tempdir().expect("folder");
    let disk = disk(folder.path(), Sector::Bytes512).expect("a loop device");
    let owner = Device::open(&disk.0).expect("opened");
    let error = Device::open(&disk.0).expect_err("somebody has it");
    assert_eq!(error.kind(), std::io::ErrorKind::ResourceBusy);
    drop(owner);
    Device::open(&disk.0).expect("nobody has it");
}

fn main() {
    let possible = tempfile::tempdir()
        .map_err(|error| error.to_string())
        .and_then(|folder| disk(folder.path(), Sector::Bytes4096).map(drop));
    if let Err(why) = &possible {
        eprintln!("installer: the cases on loop devices are ignored: {why}");
    }
    let cases: [(&str, fn()); 4] = [
        ("what_is_on_a_stick", source::what_is_on_a_stick),
        ("sectors_of_512_bytes", || installs(Sector::Bytes512)),
        ("sectors_of_4096_bytes", || installs(Sector::Bytes4096)),
        ("a_disk_in_use", in_use),
    ];
    let trials = cases.into_iter().map(|(name, case)| {
        let trial = Trial::test(name, move || {
            case();
            Ok::<(), Failed>(())
        });
        trial.with_ignored_flag(possible.is_err())
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}
