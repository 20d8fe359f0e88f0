//! Debian's disk: its packages by `tests/bench/debian`, and what the cluster needs out of the image under test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use machine::Disk;
use vm_tests::root;

use crate::disk;

/// What is taken over from the image's root: the engine, the `holdfast` command and what they read.
const TAKEN: [&str; 2] = ["usr/lib/holdfast", "usr/bin/holdfast"];

/// Makes a raw disk image in `folder` and returns it.
pub(crate) fn make(
    folder: &Path,
    image: &Path,
    kernel: &str,
    config: &str,
) -> anyhow::Result<PathBuf> {
    let files = folder.join("files");
    take_over(folder, image, &files)?;
    let bench = files.join("usr/lib/bench");
    fs::create_dir_all(&bench).with_context(|| format!("cannot make {}", bench.display()))?;
    fs::write(bench.join("config.json"), config).context("cannot write the configuration")?;
    let made = folder.join("debian-parts");
    let script = root().join("tests/bench/debian");
    ran(Command::new(&script).arg(&made).arg(kernel).arg(&files))?;
    let base = folder.join("debian.img");
    disk::assemble(&made, kernel, &base)?;
    Ok(base)
}

/// Copies [`TAKEN`] out of the image's root partition.
fn take_over(folder: &Path, image: &Path, files: &Path) -> anyhow::Result<()> {
    let layer = folder.join("image.qcow2");
    let image =
        fs::canonicalize(image).with_context(|| format!("cannot find {}", image.display()))?;
    let disk = Disk::create(&layer, &image, "raw", None)?;
    let partition = disk.partition("root-a")?;
    let erofs = folder.join("root.erofs");
    disk.extract(partition.offset, partition.size, &erofs)?;
    let unpacked = folder.join("root");
    for old in [&unpacked, &files.to_owned()] {
        if old.exists() {
            fs::remove_dir_all(old).with_context(|| format!("cannot remove {}", old.display()))?;
        }
    }
    ran(Command::new("fsck.erofs")
        .arg(format!("--extract={}", unpacked.display()))
        .arg(&erofs))?;
    for path in TAKEN {
        let to = files.join(path);
        let parent = to.parent().context("a path without a folder")?;
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        fs::rename(unpacked.join(path), &to)
            .with_context(|| format!("cannot take {path} out of the image"))?;
    }
    Ok(())
}

fn ran(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("cannot run {program}"))?;
    ensure!(status.success(), "{program}: {status}");
    Ok(())
}
