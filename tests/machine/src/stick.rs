//! A USB stick with a `config.yaml`, as a person prepares one.

use std::fs::File;
use std::path::Path;

use formats::fat::{Kind, Label, VolumeSpec};

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

fn wrong(image: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::DiskContent {
        disk: image.to_owned(),
        reason: error.to_string(),
    }
}
