//! One reading of a repository: each of its files is held against what was seen and against the clock, and what is good counts
//! from then on, whatever the next file turns out to be.
//!
//! So a root that takes a stolen key away is never forgotten again because something behind it could not be had, and whoever has
//! that key must keep a node from ever seeing that root.

use super::floors::{self, Floors};
use super::folder::{floors_file, kept, root_file};
use crate::error::Error;
use jiff::Timestamp;
use std::path::PathBuf;
use tough::schema::{self, Role, Root, Signed};

/// A reading, and what is to be kept of it.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    folder: Option<PathBuf>,
    now: Timestamp,
    /// The newest root that is known to be good.
    root: Vec<u8>,
    /// Those that this reading brought, by number.
    new_roots: Vec<(u64, Vec<u8>)>,
    /// As kept before.
    seen: Option<Floors>,
    /// As of what was read so far.
    floors: Option<Floors>,
}

impl Reading {
    pub(super) fn new(
        folder: Option<PathBuf>,
        root: Vec<u8>,
        now: Timestamp,
    ) -> Result<Reading, Error> {
        let seen = match &folder {
            Some(folder) => floors::floors(&floors_file(folder))?,
            None => None,
        };
        Ok(Reading {
            folder,
            now,
            root,
            new_roots: Vec::new(),
            seen,
            floors: None,
        })
    }

    /// Nothing was seen before, nothing is out of date, and nothing is kept.
    #[cfg(feature = "publish")]
    pub(crate) fn at_any_time(root: &[u8]) -> Reading {
        Reading {
            folder: None,
            now: Timestamp::MIN,
            root: root.to_vec(),
            new_roots: Vec::new(),
            seen: None,
            floors: None,
        }
    }

    /// The newest root that is known to be good.
    pub(crate) fn root(&self) -> &[u8] {
        &self.root
    }

    /// These followed from the first one.
    pub(crate) fn roots(&mut self, roots: &[(u64, Vec<u8>)]) {
        if let Some((_, newest)) = roots.last() {
            self.root.clone_from(newest);
        }
        self.new_roots = roots.to_vec();
    }

    /// There is no newer root.
    ///
    /// # Errors
    /// It is out of date.
    pub(crate) fn newest_root(&mut self) -> Result<(), Error> {
        let root: Signed<Root> = serde_json::from_slice(&self.root)
            .map_err(|error| Error::FirstRoot(format!("it does not parse: {error}")))?;
        self.in_date(&root.signed, "root.json")?;
        self.floors = Some(Floors::under(&root.signed, self.seen.as_ref()));
        Ok(())
    }

    /// # Errors
    /// It is older than what was seen, which is an attack, or was not refreshed, which mostly is not.
    pub(crate) fn timestamp(&mut self, timestamp: &schema::Timestamp) -> Result<(), Error> {
        let floors = self.floors().after_timestamp(timestamp)?;
        let (expired, now) = (timestamp.expires, self.now);
        if expired < now {
            return Err(Error::Frozen { expired, now });
        }
        self.floors = Some(floors);
        Ok(())
    }

    /// # Errors
    /// It is older than what was seen, or out of date.
    pub(crate) fn snapshot(&mut self, snapshot: &schema::Snapshot) -> Result<(), Error> {
        let floors = self.floors().after_snapshot(snapshot)?;
        self.in_date(snapshot, "snapshot.json")?;
        self.floors = Some(floors);
        Ok(())
    }

    /// # Errors
    /// It is out of date. Its version is the one that the snapshot names.
    pub(crate) fn targets(&self, targets: &schema::Targets) -> Result<(), Error> {
        self.in_date(targets, "targets.json")
    }

    fn floors(&self) -> &Floors {
        let floors = self.floors.as_ref();
        floors.expect("the newest root is known before anything that it vouches for")
    }

    fn in_date<T: Role>(&self, role: &T, what: &str) -> Result<(), Error> {
        let (expired, now) = (role.expires(), self.now);
        match expired < now {
            true => Err(Error::Expired {
                what: what.to_owned(),
                expired,
                now,
            }),
            false => Ok(()),
        }
    }

    /// Keeps what was found good, for the next time.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn keep(&self) -> Result<(), Error> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let floors = self.floors.as_ref().filter(|floors| floors.are_of_any());
        if self.new_roots.is_empty() && floors.is_none() {
            return Ok(());
        }
        std::fs::create_dir_all(folder).map_err(kept(folder))?;
        for (number, root) in &self.new_roots {
            let path = root_file(folder, *number);
            host::file::write_if_changed(&path, 0o600, root).map_err(kept(&path))?;
        }
        match floors {
            Some(floors) => floors::keep(&floors_file(folder), floors),
            None => Ok(()),
        }
    }
}
