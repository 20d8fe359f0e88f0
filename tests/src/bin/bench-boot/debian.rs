//! Debian's disk: its packages by `tests/bench/debian`, and what the cluster needs out of the image under test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use builder::Project;
use machine::Disk;
use vm_tests::root;

use crate::disk;

/// What is taken over from the image's root: the engine, the `holdfast` command and what they read and call.
const TAKEN: [&str; 4] = [
    "usr/lib/holdfast",
    "usr/bin/holdfast",
    "usr/bin/ctr",
    "usr/bin/kubectl",
];

/// containerd's configuration, the same on both sides.
pub(crate) const CONTAINERD: &str = "/var/lib/holdfast/cluster/containerd.toml";

/// Makes a raw disk image in `folder`, with files of the given names and texts in it, and returns it.
pub(crate) fn make(
    folder: &Path,
    image: &Path,
    kernel: &str,
    written: &[(&str, &str)],
) -> anyhow::Result<PathBuf> {
    let files = folder.join("files");
    take_over(folder, image, &files)?;
    for (name, text) in written {
        let path = files.join(name);
        let folder = path.parent().context("a path without a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
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
    // The host's own may be older than the image's compression.
    let project = Project::find(&root()).context("cannot find the checkout")?;
    let mut fsck = builder::locked_tool(&project, "usr/bin/fsck.erofs").context("no fsck.erofs")?;
    ran(fsck
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
