//! Upgrades as they must not be: what the sweep has to find out, or it finds nothing.

use super::devices::{device, mark};
use super::node::Node;
use crate::autoboot;
use crate::boot_script::{self, FIRST};
use crate::layout::{BOOT, BOOT_B, ENTRIES, ROOT_B};
use crate::machine::Machine;
use crate::marks::Allowed;
use crate::releases::Release;
use anyhow::Context;
use slots::Mounted;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Writes release 1.1.0 beside 1.0.0 and lets the boot loader start it: before its root is there, or without waiting until the
/// disk has any of it.
///
/// # Errors
/// The disk cannot be written.
pub(super) fn tell(node: &Node, arms_first: bool) -> anyhow::Result<()> {
    let said = node.firmware.start()?.context("nothing boots")?;
    let (old, new) = (said.version, Release::new("1.1.0")?);
    mark(&Allowed::new(&[&old, &new.version], "careless").to_string())?;
    let mounted = Mounted::open(&device(BOOT), Path::new("/tmp/careless"))?;
    if node.firmware.machine == Machine::Tryboot {
        return in_slot(&mounted.folder().join(autoboot::FILE), &new, arms_first);
    }
    let folder = mounted.folder().join(ENTRIES.join("/"));
    let program = folder.join("holdfast_1.1.0.efi");
    let waiting = folder.join("holdfast_1.1.0.efi.new");
    let record = mounted.folder().join(FIRST);
    let on_trial = boot_script::record(&[
        ("done", "0"),
        ("good", &format!("holdfast_{old}.efi")),
        ("left", "3"),
        ("trial", "holdfast_1.1.0.efi"),
    ]);
    let uses_record = record.exists();
    fs::write(if uses_record { &program } else { &waiting }, &new.uki)?;
    let arm = || match uses_record {
        true => File::options()
            .write(true)
            .open(&record)
            .and_then(|file| file.write_all_at(&on_trial, 0)),
        false => fs::rename(&waiting, folder.join("holdfast_1.1.0+3.efi")),
    };
    let slot = File::options().write(true).open(device(ROOT_B))?;
    if arms_first {
        arm()?;
        let folder = File::open(&folder)?;
        rustix::fs::syncfs(&folder)?;
        folder.sync_all()?;
        slot.write_all_at(&new.root, 0)?;
        slot.sync_all()?;
    } else {
        slot.write_all_at(&new.root, 0)?;
        arm()?;
        // What is written back without a flush may come in any order.
        rustix::fs::sync();
    }
    Ok(())
}

/// The same where a slot has a boot partition of its own: it is chosen for good, and written from its beginning on.
fn in_slot(record: &Path, new: &Release, arms_first: bool) -> anyhow::Result<()> {
    let mut text =
        b"[all]\ntryboot_a_b=1\nboot_partition=3\n[tryboot]\nboot_partition=2\n".to_vec();
    text.resize(512, b'\n');
    let open = |path: &Path| File::options().write(true).open(path);
    let (record, boot, root) = (
        open(record)?,
        open(&device(BOOT_B))?,
        open(&device(ROOT_B))?,
    );
    if arms_first {
        record.write_all_at(&text, 0)?;
        record.sync_all()?;
        for (file, content) in [(boot, &new.boot_image), (root, &new.root)] {
            file.write_all_at(content, 0)?;
            file.sync_all()?;
        }
        return Ok(());
    }
    boot.write_all_at(&new.boot_image, 0)?;
    root.write_all_at(&new.root, 0)?;
    record.write_all_at(&text, 0)?;
    // What is written back without a flush may come in any order.
    rustix::fs::sync();
    Ok(())
}
