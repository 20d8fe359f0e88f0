//! The signed metadata of a repository, verified by `tough`.
//!
//! `tough` has limits that are dealt with here: its store of what was seen is a temporary folder that is thrown away (what was
//! seen is [`crate::trust`]'s), it judges expiry by a clock of its own and is told not to ([`Loaded::check_expiry`]), it takes
//! every failure to get the next root for the end of the chain ([`fetch`] gives failures where it does not), and it does not tell
//! a wrong signature from an unknown key ([`trouble`]).

mod fetch;
mod trouble;

use crate::error::Error;
use crate::store::Store;
use fetch::{Fetch, LARGEST, LARGEST_TARGETS};
use jiff::Timestamp;
use tough::schema::{self, Role, Root, Signed};
use tough::{ExpirationEnforcement, Limits, RepositoryLoader};
use url::Url;

/// So many new roots are followed at once.
const ROOTS: u64 = 1024;

/// Metadata of a repository: signed as it should be, whatever its age.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) root: Signed<Root>,
    /// Roots that followed the first one, by number, as they came.
    pub(crate) new_roots: Vec<(u64, Vec<u8>)>,
    pub(crate) timestamp: Signed<schema::Timestamp>,
    pub(crate) snapshot: Signed<schema::Snapshot>,
    pub(crate) targets: Signed<schema::Targets>,
}

/// Reads and verifies the metadata, beginning with a root that is trusted.
pub(crate) async fn load(store: &Store, first_root: &[u8]) -> Result<Loaded, Error> {
    root_version(first_root)?;
    let fetch = Fetch::new(store.clone());
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
    let repository = match loader.load().await {
        Ok(repository) => repository,
        Err(error) => {
            let mut seen = seen.take();
            // Ours says more than what became of it.
            let failure = seen.failure.take();
            return Err(failure.unwrap_or_else(|| trouble::of(error, &seen, first_root)));
        }
    };
    Ok(Loaded {
        root: repository.root().clone(),
        new_roots: seen.take().roots,
        timestamp: repository.timestamp().clone(),
        snapshot: repository.snapshot().clone(),
        targets: repository.targets().clone(),
    })
}

impl Loaded {
    /// Whether all of it is still in date at this time.
    pub(crate) fn check_expiry(&self, now: Timestamp) -> Result<(), Error> {
        in_date(&self.root, "root.json", now)?;
        let expired = self.timestamp.signed.expires;
        if expired < now {
            return Err(Error::Frozen { expired, now });
        }
        in_date(&self.snapshot, "snapshot.json", now)?;
        in_date(&self.targets, "targets.json", now)
    }

    /// When the first of it expires.
    pub(crate) fn earliest_expiry(&self) -> Timestamp {
        let root = self.root.signed.expires;
        root.min(self.timestamp.signed.expires)
            .min(self.snapshot.signed.expires)
            .min(self.targets.signed.expires)
    }
}

fn in_date<T: Role>(role: &Signed<T>, what: &str, now: Timestamp) -> Result<(), Error> {
    let expired = role.signed.expires();
    match expired < now {
        true => Err(Error::Expired {
            what: what.to_owned(),
            expired,
            now,
        }),
        false => Ok(()),
    }
}

/// Whether bytes are a root to begin with; gives its number.
///
/// # Errors
/// They are no root, or too few of its own keys signed it.
pub fn root_version(bytes: &[u8]) -> Result<u64, Error> {
    let root: Signed<Root> = serde_json::from_slice(bytes)
        .map_err(|error| Error::FirstRoot(format!("it does not parse: {error}")))?;
    let signed = root.signed.verify_role(&root);
    signed.map_err(|error| Error::FirstRoot(error.to_string()))?;
    Ok(root.signed.version.get())
}

/// Whether a root is the next one after another: its number is, and the keys of both signed it.
pub(crate) fn follows(root: &[u8], next: &[u8]) -> bool {
    let parsed = |bytes| serde_json::from_slice::<Signed<Root>>(bytes).ok();
    let (Some(root), Some(next)) = (parsed(root), parsed(next)) else {
        return false;
    };
    root.signed.version.get().checked_add(1) == Some(next.signed.version.get())
        && root.signed.verify_role(&next).is_ok()
        && next.signed.verify_role(&next).is_ok()
}
