//! The files of a repository, whatever they are.

use crate::accepted::Accepted;
use crate::error::Error;
use crate::metadata::{self, Loaded, Read};
use crate::source::Source;
use crate::store::{Effort, Store};
use crate::targets::Targets;
use crate::trust::Trust;
use jiff::Timestamp;

/// The files that a repository whose metadata is good vouches for. What a node takes from it is in
/// [`Repository`](crate::Repository).
#[derive(Debug)]
pub struct Files {
    pub(crate) store: Store,
    pub(crate) targets: Targets,
    pub(crate) loaded: Loaded,
}

impl Files {
    /// Reads and verifies all signed metadata, and keeps what is good of it, also when something behind it is not.
    pub(crate) async fn read(
        source: &Source,
        effort: Effort,
        trust: &Trust,
        now: Timestamp,
    ) -> (Accepted, Result<Files, Error>) {
        let begun = Store::new(source, effort).and_then(|store| Ok((store, trust.reading(now)?)));
        let (store, reading) = match begun {
            Ok(begun) => begun,
            Err(error) => return (Accepted::default(), Err(error)),
        };
        let Read {
            reading,
            accepted,
            outcome,
        } = metadata::read(&store, reading).await;
        let kept = reading.keep();
        // What is wrong with the repository matters more than that it could not be noted.
        let files = outcome.and_then(|loaded| {
            kept?;
            let targets = Targets::of(&loaded);
            Ok(Files {
                store,
                targets,
                loaded,
            })
        });
        (accepted, files)
    }

    /// A small file, verified whole.
    ///
    /// # Errors
    /// As [`Error`] says; a file that is signed to be longer than `limit` is [`Error::Endless`].
    pub async fn small(&self, target: &str, limit: u64) -> Result<Vec<u8>, Error> {
        self.targets.small(&self.store, target, limit).await
    }

    /// Whether these bytes are the file that is signed.
    ///
    /// # Errors
    /// They are not, or the repository has none of that name.
    pub fn is_signed(&self, target: &str, bytes: &[u8]) -> Result<(), Error> {
        let facts = self.targets.facts(target)?;
        crate::targets::is_signed(target, facts, crate::format::Digest::of(bytes))
    }
}
