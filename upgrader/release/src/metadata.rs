//! The signed metadata of a repository, verified by `tough`.
//!
//! `tough` has limits that are dealt with here: its store of what was seen is a temporary folder that is thrown away (what was
//! seen is [`crate::trust`]'s), it judges expiry by a clock of its own and is told not to ([`Reading`] does), it takes every
//! failure to get the next root for the end of the chain ([`fetch`] gives failures where it does not), and it does not tell a
//! wrong signature from an unknown key ([`trouble`]).

mod fetch;
mod passed;
mod trouble;

use crate::accepted::Accepted;
use crate::error::Error;
#[cfg(feature = "publish")]
use crate::root::root_version;
use crate::store::Store;
use crate::trust::Reading;
use fetch::{Fetch, LARGEST, LARGEST_TARGETS};
use jiff::Timestamp;
use tough::schema::{self, Root, Signed};
use tough::{ExpirationEnforcement, Limits, RepositoryLoader};
use url::Url;

/// So many new roots are followed at once.
const ROOTS: u64 = 1024;

/// Metadata of a repository: signed as it should be, in date, and not older than what was seen.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) root: Signed<Root>,
    pub(crate) timestamp: Signed<schema::Timestamp>,
    pub(crate) snapshot: Signed<schema::Snapshot>,
    pub(crate) targets: Signed<schema::Targets>,
}

/// What became of a reading: also of one that failed, there is something to be kept.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) reading: Reading,
    pub(crate) accepted: Accepted,
    pub(crate) outcome: Result<Loaded, Error>,
}

/// Metadata that is signed as it should be, whatever its age: what its owner changes.
#[cfg(feature = "publish")]
pub(crate) async fn load(store: &Store, first_root: &[u8]) -> Result<Loaded, Error> {
    root_version(first_root)?;
    read(store, Reading::at_any_time(first_root)).await.outcome
}

/// Reads and verifies the metadata, beginning with the root that the reading begins with.
pub(crate) async fn read(store: &Store, reading: Reading) -> Read {
    let first_root = reading.root().to_vec();
    let fetch = Fetch::new(store.clone(), reading);
    let seen = fetch.seen();
    // Only the last part of these addresses is looked at: the store knows where the repository is.
    let base = Url::parse("https://repository.invalid/").expect("it is an address");
    let loader = RepositoryLoader::new(&first_root, base.clone(), base)
        .transport(fetch)
        .expiration_enforcement(ExpirationEnforcement::Unsafe)
        .limits(Limits {
            max_root_size: LARGEST,
            max_targets_size: LARGEST_TARGETS,
            max_timestamp_size: LARGEST,
            max_snapshot_size: LARGEST,
            max_root_updates: ROOTS,
        });
    let loaded = loader.load().await;
    seen.change(|seen| {
        let outcome = match loaded {
            Ok(repository) => seen.all_passed(&repository).map(|()| Loaded {
                root: repository.root().clone(),
                timestamp: repository.timestamp().clone(),
                snapshot: repository.snapshot().clone(),
                targets: repository.targets().clone(),
            }),
            // Ours says more than what became of it.
            Err(error) => Err(match seen.failure.take() {
                Some(failure) => failure,
                None => trouble::of(error, seen, &first_root),
            }),
        };
        Read {
            reading: seen.reading.clone(),
            accepted: std::mem::take(&mut seen.accepted),
            outcome,
        }
    })
}

impl Loaded {
    /// When the first of it expires.
    pub(crate) fn earliest_expiry(&self) -> Timestamp {
        let root = self.root.signed.expires;
        root.min(self.timestamp.signed.expires)
            .min(self.snapshot.signed.expires)
            .min(self.targets.signed.expires)
    }
}
