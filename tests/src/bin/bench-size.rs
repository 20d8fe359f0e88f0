//! `make bench-size`: sizes of what was built, against their budgets.

#![forbid(unsafe_code)]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};
use disk::verity::{BLOCK, Superblock};
use machine::Disk;
use vm_tests::{image, root};

/// Budgets in megabytes of 10^6 bytes.
const UKI: f64 = 25.0;
const ROOT: f64 = 230.0;
const FLASHABLE: f64 = 224.0;
/// Of each board of ARM64, whose images are looked at where they lie beside the one that is asked about.
const ARM: [&str; 4] = ["qemu-arm64", "rpi3", "rpi4", "rpi5"];
const ARM_FLASHABLE: f64 = 240.0;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench-size: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<bool> {
    let image = image()?;
    let folder = root().join("build/bench");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let disk = Disk::create(
        &folder.join("size.qcow2"),
        &fs::canonicalize(&image)?,
        "raw",
        None,
    )?;
    let mut sizes = vec![
        ("UKI".to_owned(), uki(&disk, &folder)?, UKI),
        (
            "root image with its verity tree".to_owned(),
            root_image(&disk, &folder)?,
            ROOT,
        ),
        (
            "flashable image, compressed".to_owned(),
            compressed(&image)?,
            FLASHABLE,
        ),
    ];
    for board in ARM {
        match of_board(&image, board).map(|image| compressed(&image)) {
            Some(Ok(size)) => sizes.push((format!("the same of {board}"), size, ARM_FLASHABLE)),
            _ => println!("{board}: there is no image of it here, so it is not judged"),
        }
    }
    println!("{}", image.display());
    let mut good = true;
    for (what, bytes, budget) in sizes {
        let megabytes = bytes as f64 / 1e6;
        let within = megabytes <= budget;
        good &= within;
        println!(
            "{what:33} {megabytes:7.1} MB of {budget:.0}: {}",
            if within { "within" } else { "OVER" }
        );
    }
    Ok(good)
}

/// The one UKI on the boot partition.
fn uki(disk: &Disk, folder: &Path) -> anyhow::Result<u64> {
    let file = extracted(disk, folder, "boot")?;
    let volume = formats::fat::open(File::options().read(true).write(true).open(&file)?)?;
    let all = volume.list()?;
    let ukis: Vec<_> = all
        .iter()
        .filter(|entry| entry.path.starts_with("EFI/Linux/") && !entry.directory)
        .collect();
    ensure!(
        ukis.len() == 1,
        "the boot partition holds {} UKIs",
        ukis.len()
    );
    Ok(ukis[0].size)
}

/// The part of the root partition that is used: data, verity superblock and tree.
fn root_image(disk: &Disk, folder: &Path) -> anyhow::Result<u64> {
    let file = extracted(disk, folder, "root-a")?;
    let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    // The superblock stands in the first block behind the data.
    let found = bytes
        .chunks_exact(BLOCK)
        .filter(|block| block.starts_with(b"verity"))
        .find_map(|block| Superblock::parse(block).ok())
        .context("the root partition has no verity superblock")?;
    Ok(found.data_size() + found.tree_size())
}

fn compressed(image: &Path) -> anyhow::Result<u64> {
    let file = if image
        .extension()
        .is_some_and(|extension| extension == "zst")
    {
        image.to_owned()
    } else {
        PathBuf::from(format!("{}.zst", image.display()))
    };
    Ok(fs::metadata(&file)
        .with_context(|| format!("cannot find {}", file.display()))?
        .len())
}

/// Where the image of another board lies, if this one is called as the builder calls it.
fn of_board(image: &Path, board: &str) -> Option<PathBuf> {
    let (start, _) = image.file_name()?.to_str()?.split_once("_qemu-x86_64")?;
    Some(image.with_file_name(format!("{start}_{board}.img")))
}

fn extracted(disk: &Disk, folder: &Path, partition: &str) -> anyhow::Result<PathBuf> {
    let place = disk.partition(partition)?;
    let file = folder.join(partition);
    disk.extract(place.offset, place.size, &file)?;
    Ok(file)
}
