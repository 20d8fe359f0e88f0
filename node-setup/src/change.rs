//! `holdfast config apply`: a new file in place of the one on the CONFIG partition, for good or on trial.
//!
//! Flow: check the text together with the node's other sources → (for good) keep the old text as `previous.yaml` on state,
//! write the new one to the partition (temporary file, flush, rename), give up USB sticks that are missing, end a trial; (on
//! trial) keep the text in memory. PID 1 is asked by the caller to configure anew. Guarantee: a text that is not right changes
//! nothing; a cut leaves the old or the new file.

mod cluster;

use crate::choice;
use crate::facts::Facts;
use crate::last_good::{self, LastGood};
use crate::policy::{Policy, UsbStick};
use crate::reading;
use crate::sources::{CONFIG_MOUNT, KnownSticks, Media, find, mount, readable};
use crate::trial::{self, Trial};
use host::file;
use init_api::Root;
use init_api::{BootRecord, FileError, Problem};
use os_config::{Change, Loaded, Report, Source, SourceName, Sources};
use std::io;
use std::path::{Path, PathBuf};

const PREVIOUS: &str = "/var/lib/holdfast/config/previous.yaml";

/// A change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The new text is not right.
    #[error("the file is not right; nothing was changed\n\n{0}")]
    NotRight(Report),
    /// It asks for an installation that must not be.
    #[error("{}; nothing was changed\n{}\n{}", .0.title, .0.text, .0.cure)]
    Install(Problem),
    /// There is no CONFIG partition to write to.
    #[error("{}: {}\n{}", .0.title, .0.text, .0.cure)]
    NoPartition(Problem),
    /// The old text could not be kept.
    #[error("could not keep the old file as {PREVIOUS}; nothing was changed")]
    Previous(#[source] io::Error),
    /// The partition could not be written.
    #[error("could not write config.yaml to the CONFIG partition; the old one is unchanged")]
    Write(#[source] io::Error),
    /// The sticks that are missing could not be given up.
    #[error(
        "config.yaml is written, but the number of this node's USB sticks could not be recorded"
    )]
    Sticks(#[source] FileError),
    /// The trial could not be begun or ended.
    #[error("could not change the trial's files in /run/holdfast")]
    Trial(#[source] io::Error),
    /// Nothing is on trial.
    #[error("no configuration is on trial: it was confirmed already, or went back by itself")]
    NoTrial,
}

/// The node's configuration now, and what a new text would make of it.
#[derive(Debug)]
pub struct Proposal {
    /// What differs, key by key.
    pub changes: Vec<Change>,
    /// What the text says of the cluster that is there and cannot become so, a sentence each: with another value there
    /// would be a broken one.
    pub against_cluster: Vec<String>,
    text: Vec<u8>,
}

/// The node's configuration in force, from its sources.
///
/// # Errors
/// The problem that keeps it from being one.
pub fn current(root: &Root, media: &mut dyn Media) -> Result<Loaded, Problem> {
    reading::read(root, &find(root, media)).configuration
}

/// Every text that the node's configuration is made of now, right or not.
pub fn texts(root: &Root, media: &mut dyn Media) -> Sources {
    reading::read(root, &find(root, media)).sources
}

/// Checks `text` in the place of the CONFIG partition's file, with the node's other sources as they are, and compares.
///
/// # Errors
/// When it is not right.
pub fn propose(
    root: &Root,
    media: &mut dyn Media,
    origin: &str,
    text: Vec<u8>,
) -> Result<Proposal, ChangeError> {
    let now = find(root, media);
    let mut sources = Sources::new().with(Source::new(
        SourceName::ConfigPartition,
        origin,
        text.clone(),
    ));
    let others = now
        .sources
        .as_slice()
        .iter()
        .filter(|source| source.name != SourceName::ConfigPartition);
    others.for_each(|source| sources.add(source.clone()));
    // With what the new text's URL gave, if it is the same URL; its absence is no fault of the text.
    let after = os_config::load(&sources).map_err(ChangeError::NotRight)?;
    let after = reading::read_sources(root, sources)
        .configuration
        .unwrap_or(after);
    if after.config().install.is_some() {
        let (facts, _) = Facts::read(root);
        choice::may_install(&after.said_by("install"), facts.is_node())
            .map_err(ChangeError::Install)?;
    }
    let before = reading::read(root, &now).configuration.ok();
    let before = before.or_else(|| last_good(root));
    let against_cluster = cluster::contradicted(root, before.as_ref(), &after);
    let before = match before {
        Some(before) => before,
        None => os_config::load(&Sources::new()).map_err(ChangeError::NotRight)?,
    };
    Ok(Proposal {
        changes: os_config::diff(&before, &after),
        against_cluster,
        text,
    })
}

/// What a node goes by whose sources say something wrong.
fn last_good(root: &Root) -> Option<Loaded> {
    let (facts, _) = Facts::read(root);
    let all = facts.last_goods;
    let paths: Vec<String> = all.iter().map(LastGood::path).collect();
    let order = choice::in_order(&last_good::candidates(&all, &paths), &facts.release);
    order.into_iter().find_map(|at| all[at].load().ok())
}

impl Proposal {
    /// Puts the text on trial.
    ///
    /// # Errors
    /// When memory cannot be written.
    pub fn try_it(&self, root: &Root, trial: Trial) -> Result<(), ChangeError> {
        trial::begin(root, &self.text, trial).map_err(ChangeError::Trial)
    }

    /// Writes the text to the CONFIG partition.
    ///
    /// # Errors
    /// When the partition or state cannot be written; the old file stands.
    pub fn write_to_config(
        &self,
        root: &Root,
        media: &mut dyn Media,
        partition: &mut dyn Writable,
    ) -> Result<(), ChangeError> {
        write_to_config(root, media, partition, &self.text)
    }
}

/// Makes the text on trial the one on the CONFIG partition.
///
/// # Errors
/// When there is none, or the partition cannot be written; it stays on trial then.
pub fn confirm(
    root: &Root,
    media: &mut dyn Media,
    partition: &mut dyn Writable,
) -> Result<(), ChangeError> {
    let (_, text) = trial::current(root)
        .map_err(ChangeError::Trial)?
        .ok_or(ChangeError::NoTrial)?;
    write_to_config(root, media, partition, &text)
}

/// Puts the configuration of a backup on the CONFIG partition, after the boot that restored it; nothing if there is none. A cut
/// before its end does it again.
///
/// # Errors
/// The partition cannot be written; it is tried again at the next boot.
pub fn put_restored(
    root: &Root,
    media: &mut dyn Media,
    partition: &mut dyn Writable,
) -> Result<(), ChangeError> {
    let path = root.path(init_api::paths::RESTORED_CONFIG);
    let text = match std::fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        text => text.map_err(ChangeError::Previous)?,
    };
    write_to_config(root, media, partition, &text)?;
    file::remove_for_good(&path)
        .map(|_| ())
        .map_err(ChangeError::Previous)
}

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

fn write_to_config(
    root: &Root,
    media: &mut dyn Media,
    partition: &mut dyn Writable,
    text: &[u8],
) -> Result<(), ChangeError> {
    let boot: Option<BootRecord> =
        init_api::load_if_present(root.path(init_api::paths::BOOT)).unwrap_or_default();
    let directory = media
        .config_partition(boot.as_ref())
        .map_err(ChangeError::NoPartition)?
        .directory;
    replace_file(root, partition, &directory, text)?;
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
    text: &[u8],
) -> Result<(), ChangeError> {
    let file: PathBuf = directory.join("config.yaml");
    match std::fs::read(&file) {
        Ok(old) if old == text => return Ok(()),
        Ok(old) => file::write(&root.path(PREVIOUS), 0o600, &old).map_err(ChangeError::Previous)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(ChangeError::Previous(error)),
    }
    partition
        .set_writable(directory, true)
        .map_err(ChangeError::Write)?;
    let written = file::write(&file, 0o600, text);
    // The new file is flushed whether this works or not; the next boot mounts it read-only again.
    if let Err(error) = partition.set_writable(directory, false) {
        eprintln!("{CONFIG_MOUNT} stays writable until the next boot: {error}");
    }
    written.map_err(ChangeError::Write)
}
