//! Opening a repository.

use crate::error::Error;
use crate::format::{RELEASES, Releases};
use crate::metadata;
use crate::repository::Repository;
use crate::source::Source;
use crate::store::{Effort, Store};
use crate::targets::Targets;
use crate::trust::Trust;
use jiff::Timestamp;

/// The largest list of releases that is read.
const LARGEST_LIST: u64 = 1 << 20;

/// Who asks repositories.
#[derive(Debug, Clone, Copy, Default)]
pub struct Client {
    effort: Effort,
}

impl Client {
    /// As patient as a node should be.
    pub fn new() -> Client {
        Client::default()
    }

    /// With other limits.
    pub const fn with(effort: Effort) -> Client {
        Client { effort }
    }

    /// Reads and verifies all signed metadata and the list of releases. What is found good is kept in the trust folder: newer
    /// roots, and the versions below which nothing is accepted any more.
    ///
    /// # Errors
    /// As [`Error`] says. Of metadata that is not good nothing is kept.
    pub async fn open(
        &self,
        source: &Source,
        trust: &Trust,
        now: Timestamp,
    ) -> Result<Repository, Error> {
        let store = Store::new(source, self.effort)?;
        let loaded = metadata::load(&store, &trust.newest_root()?).await?;
        // An old state is told from one that was not refreshed: the first is an attack, the second mostly is not.
        trust.check(&loaded)?;
        loaded.check_expiry(now)?;
        trust.keep(&loaded)?;
        let targets = Targets::of(&loaded);
        let list = targets.small(&store, RELEASES, LARGEST_LIST).await?;
        let releases = Releases::parse(&list).map_err(|source| Error::Content {
            what: RELEASES.to_owned(),
            source,
        })?;
        Ok(Repository::new(store, targets, releases, &loaded))
    }
}
