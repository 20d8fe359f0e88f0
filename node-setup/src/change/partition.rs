//! A text becomes the file of the CONFIG partition.
//!
//! Flow: the old file is kept on state → the new signatures are put beside the old ones → the new file takes the old one's place →
//! the old signatures go. Guarantee: a cut leaves the old or the new file, and beside it a signature of it, if it had one.

use super::error::{ChangeError, PREVIOUS};
use crate::policy::{Policy, SIGNATURE_ENDING, SIGNATURES, UsbStick};
use crate::sources::{CONFIG_MOUNT, KnownSticks, Media, mount, readable};
use crate::trial;
use host::file;
use init_api::{BootRecord, Root};
use std::io;
use std::path::Path;

/// A mounted partition that is writable for moments.
pub trait Writable {
    /// Makes it writable, or read-only again.
    ///
    /// # Errors
    /// The kernel's.
    fn set_writable(&mut self, directory: &Path, writable: bool) -> io::Result<()>;
}

/// The node's own mount.
#[derive(Debug, Clone, Copy, Default)]
pub struct Remount;

impl Writable for Remount {
    fn set_writable(&mut self, directory: &Path, writable: bool) -> io::Result<()> {
        mount::set_writable(directory, writable)
    }
}

/// A text with the lines of the file beside it, if there is one.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    pub(super) text: &'a [u8],
    pub(super) signatures: Option<&'a [u8]>,
}

pub(super) fn write_to_config(
    root: &Root,
    media: &mut dyn Media,
    partition: &mut dyn Writable,
    new: Signed<'_>,
) -> Result<(), ChangeError> {
    let boot: Option<BootRecord> =
        init_api::load_if_present(root.path(init_api::paths::BOOT)).unwrap_or_default();
    let directory = media
        .config_partition(boot.as_ref())
        .map_err(ChangeError::NoPartition)?
        .directory;
    replace_file(root, partition, &directory, new)?;
    // A person has decided: with this file, and the sticks that are there now, the configuration is whole.
    let sticks = match Policy::read(root).0.usb_stick {
        UsbStick::Ignore => 0,
        UsbStick::Signed | UsbStick::Allow => readable(&media.sticks()),
    };
    KnownSticks::new(root)
        .set(sticks)
        .map_err(ChangeError::Sticks)?;
    trial::end(root).map_err(ChangeError::Trial)
}

fn replace_file(
    root: &Root,
    partition: &mut dyn Writable,
    directory: &Path,
    new: Signed<'_>,
) -> Result<(), ChangeError> {
    let old = read(&directory.join("config.yaml")).map_err(ChangeError::Previous)?;
    let signed = read(&directory.join(SIGNATURES)).map_err(ChangeError::Previous)?;
    let same_text = old.as_deref() == Some(new.text);
    if same_text
        && new
            .signatures
            .is_none_or(|new| signed.as_deref() == Some(new))
    {
        return Ok(());
    }
    if let Some(old) = old.filter(|_| !same_text) {
        keep(root, &old, signed.as_deref()).map_err(ChangeError::Previous)?;
    }
    partition
        .set_writable(directory, true)
        .map_err(ChangeError::Write)?;
    let written = write(directory, new, signed.as_deref());
    // The new file is flushed whether this works or not; the next boot mounts it read-only again.
    if let Err(error) = partition.set_writable(directory, false) {
        eprintln!("{CONFIG_MOUNT} stays writable until the next boot: {error}");
    }
    written.map_err(ChangeError::Write)
}

/// Keeps what was there before, for people.
fn keep(root: &Root, old: &[u8], signed: Option<&[u8]>) -> io::Result<()> {
    let beside = root.path(format!("{PREVIOUS}{SIGNATURE_ENDING}"));
    match signed {
        Some(lines) => file::write(&beside, 0o600, lines)?,
        None => file::remove(&beside).map(drop)?,
    }
    file::write(&root.path(PREVIOUS), 0o600, old)
}

fn write(directory: &Path, new: Signed<'_>, signed: Option<&[u8]>) -> io::Result<()> {
    let (file, beside) = (directory.join("config.yaml"), directory.join(SIGNATURES));
    let Some(lines) = new.signatures else {
        return file::write(&file, 0o600, new.text);
    };
    // Whichever of the two texts a cut leaves, its signature is there.
    let both = [lines, &b"\n"[..], signed.unwrap_or_default()].concat();
    file::write(&beside, 0o600, both)?;
    file::write(&file, 0o600, new.text)?;
    file::write(&beside, 0o600, lines)
}

/// The file's content, if it is there.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map(Some),
    }
}
