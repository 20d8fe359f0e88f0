//! A USB stick with a `config.yaml` or with a bundle, as a person prepares one.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use formats::fat::{Kind, Label, VolumeSpec};

use crate::command::run;
use crate::{Error, Result};

/// The label by which a node knows its stick.
const LABEL: &str = "HOLDFAST";
const FILE: &str = "config.yaml";
const SIZE: u64 = 16 << 20;

/// Makes the stick's image anew, with `text` as its configuration.
pub(crate) fn make(image: &Path, text: &str) -> Result<()> {
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(image)
        .map_err(Error::file("make", image))?;
    file.set_len(SIZE).map_err(Error::file("enlarge", image))?;
    let spec = VolumeSpec {
        kind: Kind::Fat16,
        label: Label::new(LABEL).map_err(|error| wrong(image, &error))?,
        id: 1,
        cluster: 2048,
    };
    formats::fat::format(&mut file, &spec).map_err(|error| wrong(image, &error))?;
    let volume = formats::fat::open(file).map_err(|error| wrong(image, &error))?;
    volume
        .write_file(FILE, &mut text.as_bytes())
        .map_err(|error| wrong(image, &error))?;
    volume.finish().map_err(|error| wrong(image, &error))
}

/// Makes the stick's image anew, with all that `folder` has, by the programs that a person would take.
pub(crate) fn make_of(image: &Path, folder: &Path) -> Result<()> {
    let measured = run(Command::new("du").arg("-sk").arg(folder), "coreutils")?;
    let measured = String::from_utf8_lossy(&measured.stdout).into_owned();
    let used = measured.split_whitespace().next();
    let used: Option<u64> = used.and_then(|kib| kib.parse().ok());
    let used = used.ok_or_else(|| wrong(image, &format!("du says {measured:?}")))?;
    let file = File::create(image).map_err(Error::file("make", image))?;
    let size = (used + used / 4 + (64 << 10)) << 10;
    file.set_len(size).map_err(Error::file("enlarge", image))?;
    let mut format = Command::new("mkfs.fat");
    run(
        format.args(["-F", "32", "-n", LABEL]).arg(image),
        "dosfstools",
    )?;
    let entries = fs::read_dir(folder).map_err(Error::file("read", folder))?;
    let mut copy = Command::new("mcopy");
    copy.args(["-s", "-i"]).arg(image);
    copy.args(entries.flatten().map(|entry| entry.path()))
        .arg("::");
    run(&mut copy, "mtools").map(drop)
}

fn wrong(image: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::DiskContent {
        disk: image.to_owned(),
        reason: error.to_string(),
    }
}
