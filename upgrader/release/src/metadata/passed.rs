//! Which files `tough` found good so far: it asks for one only when it has verified the one before, or when it begins.

use crate::accepted::Accepted;
use crate::error::Error;
use crate::trust::Reading;
use serde::de::DeserializeOwned;
use tough::Repository;
use tough::schema::{Signed, Snapshot, Timestamp};

/// What came of a repository, and how far it was found good.
#[derive(Debug)]
pub(super) struct Seen {
    /// Roots by number, as they came, verified or not.
    pub(super) roots: Vec<(u64, Vec<u8>)>,
    /// The file that came last.
    pub(super) last: Option<(String, Vec<u8>)>,
    /// Why a file did not come, or was not asked for.
    pub(super) failure: Option<Error>,
    /// What is found good is told it.
    pub(super) reading: Reading,
    pub(super) accepted: Accepted,
}

impl Seen {
    pub(super) fn new(reading: Reading) -> Seen {
        Seen {
            roots: Vec::new(),
            last: None,
            failure: None,
            reading,
            accepted: Accepted::default(),
        }
    }

    /// A file came.
    pub(super) fn came(&mut self, name: String, bytes: &[u8]) {
        let number = name.strip_suffix(".root.json").and_then(|n| n.parse().ok());
        if let Some(number) = number {
            self.roots.push((number, bytes.to_vec()));
        }
        self.last = Some((name, bytes.to_vec()));
    }

    /// A file of this role is asked for, so the one before it is signed as it should be. It is not asked for when the one before
    /// it is older than what was seen, or out of date.
    pub(super) fn asked_for(&mut self, role: &str) -> Result<(), Error> {
        match role {
            "root" => {
                self.roots_passed();
                Ok(())
            }
            "timestamp" => {
                self.roots_passed();
                self.reading.newest_root()
            }
            "snapshot" => {
                let (bytes, timestamp) = self.last::<Timestamp>()?;
                self.reading.timestamp(&timestamp.signed)?;
                self.accepted.add("timestamp.json", bytes);
                Ok(())
            }
            _ => {
                let (bytes, snapshot) = self.last::<Snapshot>()?;
                self.reading.snapshot(&snapshot.signed)?;
                self.accepted.add("snapshot.json", bytes);
                Ok(())
            }
        }
    }

    /// All came, and is signed as it should be.
    pub(super) fn all_passed(&mut self, repository: &Repository) -> Result<(), Error> {
        self.reading.targets(&repository.targets().signed)?;
        if let Some((_, bytes)) = self.last.take() {
            self.accepted.add("targets.json", bytes);
        }
        Ok(())
    }

    fn roots_passed(&mut self) {
        self.reading.roots(&self.roots);
        self.accepted.add("root.json", self.reading.root().to_vec());
    }

    fn last<T: DeserializeOwned>(&self) -> Result<(Vec<u8>, Signed<T>), Error> {
        let (name, bytes) = self.last.as_ref().ok_or_else(|| {
            Error::Repository("a file was asked for before the one that names it".to_owned())
        })?;
        let parsed = serde_json::from_slice(bytes).map_err(|error| Error::Unreadable {
            what: name.clone(),
            why: error.to_string(),
        })?;
        Ok((bytes.clone(), parsed))
    }
}
