//! The signed list of files, and getting them by it.

use crate::error::Error;
use crate::format::{Digest, FileFacts};
use crate::metadata::Loaded;
use crate::store::{Pieces, Store};
use futures_util::TryStreamExt;
use std::collections::BTreeMap;
use std::ops::Range;

/// Whether bytes with this digest are the file that was signed.
pub(crate) fn is_signed(target: &str, facts: FileFacts, digest: Digest) -> Result<(), Error> {
    match facts.digest == digest {
        true => Ok(()),
        false => Err(Error::WrongBytes {
            what: target.to_owned(),
        }),
    }
}

/// The signed list of files.
#[derive(Debug, Clone)]
pub(crate) struct Targets {
    files: BTreeMap<String, FileFacts>,
    /// Whether a file's digest is part of its name on the server.
    digests_in_names: bool,
}

impl Targets {
    /// Digests that are not SHA-256 are no digests of ours: such files are left out.
    pub(crate) fn of(loaded: &Loaded) -> Targets {
        let files = loaded.targets.signed.targets.iter();
        let files = files.filter_map(|(name, target)| {
            let facts = FileFacts {
                size: target.length,
                digest: Digest::from_slice(&target.hashes.sha256)?,
            };
            Some((name.raw().to_owned(), facts))
        });
        Targets {
            files: files.collect(),
            digests_in_names: loaded.root.signed.consistent_snapshot,
        }
    }

    pub(crate) const fn all(&self) -> &BTreeMap<String, FileFacts> {
        &self.files
    }

    pub(crate) fn facts(&self, target: &str) -> Result<FileFacts, Error> {
        let facts = self.files.get(target).copied();
        facts.ok_or_else(|| Error::NotListed(target.to_owned()))
    }

    pub(crate) async fn small(
        &self,
        store: &Store,
        target: &str,
        limit: u64,
    ) -> Result<Vec<u8>, Error> {
        let facts = self.facts(target)?;
        if facts.size > limit {
            return Err(Error::Endless {
                what: target.to_owned(),
                limit,
            });
        }
        let mut pieces = self.stream(store, target, 0..facts.size).await?;
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.try_next().await? {
            bytes.extend_from_slice(&piece);
        }
        is_signed(target, facts, Digest::of(&bytes))?;
        Ok(bytes)
    }

    pub(crate) async fn stream(
        &self,
        store: &Store,
        target: &str,
        range: Range<u64>,
    ) -> Result<Pieces, Error> {
        let facts = self.facts(target)?;
        if range.start > range.end || range.end > facts.size {
            return Err(Error::Size {
                what: target.to_owned(),
                found: range.end,
                signed: facts.size,
            });
        }
        let path = self.path(target, facts)?;
        store.part(&path, facts.size, range).await
    }

    /// Where a file lies in the repository.
    pub(crate) fn path_of(&self, target: &str) -> Result<String, Error> {
        self.path(target, self.facts(target)?)
    }

    /// Where a file lies: its digest stands before its last name, as in other programs for TUF.
    fn path(&self, target: &str, facts: FileFacts) -> Result<String, Error> {
        if !target.split('/').all(is_plain) {
            let why = format!("{target:?} is no plain name of a file");
            return Err(Error::Repository(why));
        }
        Ok(match self.digests_in_names {
            true => path_with_digest(target, facts.digest),
            false => format!("targets/{target}"),
        })
    }
}

/// Where a file of a repository with consistent snapshots lies.
pub(crate) fn path_with_digest(target: &str, digest: Digest) -> String {
    match target.rsplit_once('/') {
        Some((folder, name)) => format!("targets/{folder}/{digest}.{name}"),
        None => format!("targets/{digest}.{target}"),
    }
}

fn is_plain(part: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '~');
    !matches!(part, "" | "." | "..") && part.chars().all(plain)
}
