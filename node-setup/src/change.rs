//! `holdfast config apply`: a new file in place of the one on the CONFIG partition, for good or on trial.
//!
//! Flow: check the text together with the node's other sources → (for good) keep the old text as `previous.yaml` on state,
//! write the new one to the partition (temporary file, flush, rename), give up USB sticks that are missing, end a trial; (on
//! trial) keep the text in memory. PID 1 is asked by the caller to configure anew. Guarantee: a text that is not right changes
//! nothing; a cut leaves the old or the new file.

mod cluster;
mod error;
mod partition;

pub use error::ChangeError;
pub use partition::{Remount, Writable};

use crate::choice;
use crate::facts::Facts;
use crate::last_good::{self, LastGood};
use crate::policy::{NotVouched, Policy, SIGNATURE_ENDING};
use crate::reading;
use crate::sources::{Media, find};
use crate::trial::{self, Trial};
use host::file;
use init_api::Problem;
use init_api::Root;
use os_config::{Change, Loaded, Source, SourceName, Sources};
use partition::{Signed, write_to_config};
use std::io;

/// The node's configuration now, and what a new text would make of it.
#[derive(Debug)]
pub struct Proposal {
    /// What differs, key by key.
    pub changes: Vec<Change>,
    /// What the text says of the cluster that is there and cannot become so, a sentence each: with another value there
    /// would be a broken one.
    pub against_cluster: Vec<String>,
    text: Vec<u8>,
    signatures: Option<Vec<u8>>,
    believed: Result<(), NotVouched>,
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
/// `signatures` are the lines of the file beside it; whether they suffice is asked when it is to be put in force.
///
/// # Errors
/// When it is not right.
pub fn propose(
    root: &Root,
    media: &mut dyn Media,
    origin: &str,
    text: Vec<u8>,
    signatures: Option<Vec<u8>>,
) -> Result<Proposal, ChangeError> {
    let beside = format!("{origin}{SIGNATURE_ENDING}");
    let policy = Policy::read(root).0;
    let believed = policy.own_believed(&text, signatures.as_deref(), &beside);
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
        signatures,
        believed,
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
    /// Whether this image believes the text.
    ///
    /// # Errors
    /// It asks for a signature that the text does not have.
    pub fn believed(&self) -> Result<(), ChangeError> {
        Ok(self.believed.clone()?)
    }

    /// Puts the text on trial.
    ///
    /// # Errors
    /// When it is not believed, or memory cannot be written.
    pub fn try_it(&self, root: &Root, trial: Trial) -> Result<(), ChangeError> {
        self.believed()?;
        trial::begin(root, &self.text, self.signatures.as_deref(), trial)
            .map_err(ChangeError::Trial)
    }

    /// Writes the text to the CONFIG partition.
    ///
    /// # Errors
    /// When it is not believed, or the partition or state cannot be written; the old file stands.
    pub fn write_to_config(
        &self,
        root: &Root,
        media: &mut dyn Media,
        partition: &mut dyn Writable,
    ) -> Result<(), ChangeError> {
        self.believed()?;
        let signed = Signed {
            text: &self.text,
            signatures: self.signatures.as_deref(),
        };
        write_to_config(root, media, partition, signed)
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
    let signatures = trial::signatures(root).map_err(ChangeError::Trial)?;
    let signed = Signed {
        text: &text,
        signatures: signatures.as_deref(),
    };
    write_to_config(root, media, partition, signed)
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
    let beside = root.path(init_api::paths::RESTORED_SIGNATURES);
    let signatures = std::fs::read(&beside).ok();
    let signed = Signed {
        text: &text,
        signatures: signatures.as_deref(),
    };
    write_to_config(root, media, partition, signed)?;
    [&path, &beside].into_iter().try_for_each(|done| {
        let removed = file::remove_for_good(done).map(drop);
        removed.map_err(ChangeError::Previous)
    })
}
