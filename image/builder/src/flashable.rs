//! The raw disk image, for virtual machines, and the compressed one that is flashed.

use crate::boot::{self, BootFiles};
use crate::compress::{compress, with_ending};
use crate::digest::{self, Key};
use crate::disk_image;
use crate::error::{Error, Result};
use crate::file;
use crate::options::Options;
use crate::progress::{Progress, megabytes};
use crate::root_image::RootImage;
use boards::Board;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Both images.
pub(crate) struct Flashable {
    pub(crate) raw: PathBuf,
    pub(crate) packed: PathBuf,
    /// Bytes of the packed one.
    pub(crate) packed_size: u64,
}

/// Makes both, unless they are there already; the packed one gets its digest beside it.
pub(crate) fn make(
    options: &Options,
    board: &Board,
    boot: &BootFiles,
    root: &RootImage,
    config: &[(&str, Vec<u8>)],
    progress: Progress,
) -> Result<Flashable> {
    let mut key = boot::key(boot, Key::new("disk", 2))
        .with("root", &root.hash)
        .with("board", &board.name);
    for (name, content) in config {
        key = key.with(name, content);
    }
    let key = key.finish();
    let raw = options.output.join(format!("{}.img", options.name()));
    let packed = with_ending(&raw, "zst");

    let step = progress.step("disk image");
    let fresh = packed.is_file() && is_fresh(&raw, &key)?;
    if !fresh {
        let contents = disk_image::Contents {
            root_type: board.arch().root_type(),
            partition_table: board.partition_table,
            version: &options.version,
            boot,
            root,
            config,
            seed: key.as_bytes(),
        };
        file::with_temporary(&raw, |temporary| disk_image::write(&contents, temporary))?;
    }
    step.done(&megabytes(file::length(&raw)?));

    let step = progress.step("compressed image");
    let packed_size = if fresh {
        file::length(&packed)?
    } else {
        let (_, size) = compress(&raw, options.threads())?;
        // Of two images of one age `holdfast vm up` takes this one, and need not unpack the other.
        touch(&raw)?;
        file::write(
            &inputs_file(&raw),
            inputs_and_digest(&raw, &key)?.as_bytes(),
        )?;
        size
    };
    step.done(&megabytes(packed_size));
    Ok(Flashable {
        raw,
        packed,
        packed_size,
    })
}

/// Whether the raw image is what these inputs made. It is a VM's to read only, but a person may have booted it: its own
/// digest says whether it is still ours.
fn is_fresh(raw: &Path, key: &str) -> Result<bool> {
    let Ok(noted) = std::fs::read_to_string(inputs_file(raw)) else {
        return Ok(false);
    };
    Ok(raw.is_file() && noted == inputs_and_digest(raw, key)?)
}

/// Gives the file the age of this moment.
fn touch(path: &Path) -> Result<()> {
    let file = std::fs::File::options().append(true).open(path);
    file.and_then(|file| file.set_modified(SystemTime::now()))
        .map_err(Error::write(path))
}

/// Where the inputs' key and the image's digest are kept.
fn inputs_file(raw: &Path) -> PathBuf {
    with_ending(raw, "inputs")
}

fn inputs_and_digest(raw: &Path, key: &str) -> Result<String> {
    Ok(format!("{key} {}\n", digest::of_file(raw)?))
}
