//! Opening a repository.

use crate::accepted::Accepted;
use crate::error::Error;
use crate::files::Files;
use crate::format::{RELEASES, Releases};
use crate::repository::Repository;
use crate::source::Source;
use crate::store::Effort;
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
    /// roots, and the versions below which nothing is accepted any more; also when something behind it is not good.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn open(
        &self,
        source: &Source,
        trust: &Trust,
        now: Timestamp,
    ) -> Result<Repository, Error> {
        let (_, files) = self.files(source, trust, now).await;
        let files = files?;
        let list = files.small(RELEASES, LARGEST_LIST).await?;
        let releases = Releases::parse(&list).map_err(|source| Error::Content {
            what: RELEASES.to_owned(),
            source,
        })?;
        Ok(Repository::new(files, releases))
    }

    /// As [`Client::open`], for a repository that need not have releases. The metadata files that were found good are given
    /// back as they came, also those before one that was not.
    pub async fn files(
        &self,
        source: &Source,
        trust: &Trust,
        now: Timestamp,
    ) -> (Accepted, Result<Files, Error>) {
        Files::read(source, self.effort, trust, now).await
    }
}
