//! The work folder: the repository, the disk as flashed, and the guest's runs.

use crate::layout::{BOOT, BOOT_A, DISK, ENTRIES, PARTS, ROOT_A, STATE};
use crate::machine::Machine;
use crate::releases::{Release, shop};
use crate::uml;
use anyhow::{Context, ensure};
use formats::Window;
use formats::fat::{self, Kind, Label, VolumeSpec};
use slots::tryboot;
use slots::u_boot::{RECORD, Record, SCRIPT, SCRIPT_FILE, SPARE_RECORD};
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

/// The releases, the first of which is on the disk at the start.
pub const VERSIONS: [&str; 5] = ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"];

/// A file of another system. Its name takes so many entries of the folder that those of ours stand in two sectors at times.
const OTHER: &str = "of-another-system-whose-name-is-so-long-that-it-takes-seven-entries.efi";

/// Who else has files among the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Folder {
    /// Nobody: as the image makes it. All that stands in it at a time stands in one sector.
    Ours,
    /// Another system, so that names of ours stand in two sectors at times.
    Crowded,
}

/// Fills `folder` with all that the guest needs; gives the releases.
///
/// # Errors
/// Something cannot be made.
pub fn furnish(folder: &Path, machine: Machine, entries: Folder) -> anyhow::Result<Vec<Release>> {
    let releases = VERSIONS
        .iter()
        .map(|version| Release::new(version))
        .collect::<Result<Vec<_>, _>>()?;
    shop(&folder.join("shop"), &releases[1..])?;
    let path = folder.join(uml::DISK);
    let disk = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)?;
    disk.set_len(DISK)?;
    let first = &releases[0];
    boot_partition(&disk, first, machine, entries)?;
    disk.write_all_at(&first.root, ROOT_A.bytes().start)?;
    if machine == Machine::Tryboot {
        disk.write_all_at(&first.boot_image, BOOT_A.bytes().start)?;
    }
    state_partition(&disk, folder)?;
    // Sparse, and longer than any record.
    File::create(folder.join(uml::LOG))?.set_len(1 << 30)?;
    fs::copy(&path, folder.join(crate::follow::BASE))?;
    ensure!(PARTS.len() == 6, "a partition is not filled");
    Ok(releases)
}

/// As the builder makes it, but for its size.
fn boot_partition(
    disk: &File,
    release: &Release,
    machine: Machine,
    entries: Folder,
) -> anyhow::Result<()> {
    let bytes = BOOT.bytes();
    let window = || -> anyhow::Result<_> {
        let length = bytes.end - bytes.start;
        Ok(Window::new(disk.try_clone()?, bytes.start, length)?)
    };
    let spec = VolumeSpec {
        kind: Kind::Fat32,
        label: Label::new("BOOT")?,
        id: 1,
        cluster: 2048,
    };
    fat::format(&mut window()?, &spec)?;
    let volume = fat::open(window()?)?;
    let file = format!("{}/holdfast_{}.efi", ENTRIES.join("/"), release.version);
    let other = format!("{}/{OTHER}", ENTRIES.join("/"));
    if entries == Folder::Crowded {
        volume.write_file(&other, &mut &b"of another system"[..])?;
    }
    let name = format!("holdfast_{}.efi", release.version).parse()?;
    if machine == Machine::Tryboot {
        let record = tryboot::Record::of(name).render();
        for file in [tryboot::RECORD, tryboot::SPARE_RECORD] {
            volume.write_file(file, &mut &record[..])?;
        }
        return Ok(volume.finish()?);
    }
    volume.write_file(&file, &mut &release.uki[..])?;
    if machine == Machine::UBoot {
        let record = Record::of(name).render();
        // Who runs the script is played; that it is there tells the real code what kind of machine this is.
        volume.write_file(SCRIPT_FILE, &mut SCRIPT.as_bytes())?;
        for file in [RECORD, SPARE_RECORD] {
            volume.write_file(file, &mut &record[..])?;
        }
    }
    Ok(volume.finish()?)
}

fn state_partition(disk: &File, folder: &Path) -> anyhow::Result<()> {
    let path = folder.join("state.img");
    let bytes = STATE.bytes();
    File::create(&path)?.set_len(bytes.end - bytes.start)?;
    let made = Command::new("mkfs.ext4")
        .args([
            "-q",
            "-b",
            "1024",
            "-J",
            "size=1",
            "-E",
            "lazy_itable_init=0",
        ])
        .arg(&path)
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .status()
        .context("cannot run mkfs.ext4")?;
    ensure!(made.success(), "mkfs.ext4 failed");
    disk.write_all_at(&fs::read(path)?, bytes.start)?;
    Ok(())
}
