//! A repository as its owner has it: what is in it, and the keys to change it.

use super::error::PublishError;
use super::lifetimes::Lifetimes;
use crate::error::Error;
use crate::format::{Digest, FileFacts, RELEASES, Releases};
use crate::keys::{KeyFolder, SPEC, encode, sign, whole_seconds};
use crate::metadata::{Loaded, load};
use crate::store::Store;
use crate::targets::Targets as Files;
use jiff::Timestamp;
use std::collections::HashMap;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use tough::TargetName;
use tough::schema::{Hashes, Metafile, Role, RoleType, Root, Signed, Snapshot, Target, Targets};

const LARGEST_LIST: u64 = 1 << 20;

pub(super) struct Books {
    pub(super) repo: PathBuf,
    pub(super) keys: KeyFolder,
    pub(super) key_folder: PathBuf,
    /// The newest root.
    pub(super) root: Signed<Root>,
    /// What was published; nothing in a new repository.
    pub(super) published: Option<Loaded>,
}

impl Books {
    /// Reads and verifies what is there, whatever its age.
    pub(super) async fn open(repo: &Path, key_folder: &Path) -> Result<Books, PublishError> {
        let keys = KeyFolder::open(key_folder)?;
        let path = key_folder.join("root.json");
        let first = std::fs::read(&path).map_err(PublishError::read(&path))?;
        let begun = repo.join("metadata/timestamp.json").exists();
        let published = match begun {
            true => {
                let store = Store::Folder(repo.to_owned());
                let loaded = load(&store, &first).await;
                Some(loaded.map_err(PublishError::repository(repo))?)
            }
            false => None,
        };
        let root = match &published {
            Some(loaded) => loaded.root.clone(),
            None => serde_json::from_slice(&first)
                .map_err(|error| Error::FirstRoot(error.to_string()))
                .map_err(PublishError::repository(repo))?,
        };
        Ok(Books {
            repo: repo.to_owned(),
            keys,
            key_folder: key_folder.to_owned(),
            root,
            published,
        })
    }

    /// The list of files.
    pub(super) fn targets(&self) -> Result<&Targets, PublishError> {
        let published = self.published.as_ref();
        let published = published.ok_or_else(|| PublishError::Empty(self.repo.clone()))?;
        Ok(&published.targets.signed)
    }

    /// The list of releases; empty in a new repository.
    pub(super) async fn releases(&self) -> Result<Releases, PublishError> {
        let Some(loaded) = &self.published else {
            return Ok(Releases::default());
        };
        let store = Store::Folder(self.repo.clone());
        let list = Files::of(loaded)
            .small(&store, RELEASES, LARGEST_LIST)
            .await;
        let list = list.and_then(|list| {
            Releases::parse(&list).map_err(|source| Error::Content {
                what: RELEASES.to_owned(),
                source,
            })
        });
        list.map_err(PublishError::repository(&self.repo))
    }

    /// Signs and writes new metadata: the list of files if there is a new one, then what says that it is the newest. Gives the
    /// time when the first of it expires.
    pub(super) fn write(
        &self,
        targets: Option<Targets>,
        lifetimes: Lifetimes,
        now: Timestamp,
    ) -> Result<Timestamp, PublishError> {
        self.write_roots()?;
        self.write_signed_by(targets, lifetimes, now, &[&self.root.signed])
    }

    /// As [`Books::write`], signed by the keys of several roots: those before and after a rotation. Of the last one enough must
    /// be there.
    pub(super) fn write_signed_by(
        &self,
        targets: Option<Targets>,
        lifetimes: Lifetimes,
        now: Timestamp,
        roots: &[&Root],
    ) -> Result<Timestamp, PublishError> {
        let published = self.published.as_ref();
        let meta = match targets {
            Some(mut targets) => {
                targets.version = after(published.map(|p| p.targets.signed.version));
                targets.expires = whole_seconds(now + lifetimes.targets);
                self.write_file(targets, roots)?
            }
            None => {
                let snapshot = published.map(|p| &p.snapshot.signed);
                let meta = snapshot.and_then(|s| s.meta.get("targets.json").cloned());
                meta.ok_or_else(|| PublishError::Empty(self.repo.clone()))?
            }
        };
        let expires = whole_seconds(now + lifetimes.newest);
        let version = after(published.map(|p| p.snapshot.signed.version));
        let mut snapshot = Snapshot::new(SPEC.to_owned(), version, expires);
        snapshot.meta = HashMap::from([("targets.json".to_owned(), meta)]);
        let meta = self.write_file(snapshot, roots)?;
        let version = after(published.map(|p| p.timestamp.signed.version));
        let mut timestamp = tough::schema::Timestamp::new(SPEC.to_owned(), version, expires);
        timestamp.meta = HashMap::from([("snapshot.json".to_owned(), meta)]);
        self.write_file(timestamp, roots)?;
        Ok(expires.min(self.root.signed.expires))
    }

    /// All roots that the key folder has, so that a node with the oldest image finds its way to the newest.
    fn write_roots(&self) -> Result<(), PublishError> {
        for number in 1..=self.root.signed.version.get() {
            let name = format!("{number}.root.json");
            let (from, to) = (self.key_folder.join(&name), self.metadata(&name));
            if to.exists() {
                continue;
            }
            let root = std::fs::read(&from).map_err(PublishError::read(&from))?;
            write(&to, &root)?;
        }
        Ok(())
    }

    fn write_file<T: Role>(&self, role: T, roots: &[&Root]) -> Result<Metafile, PublishError> {
        let path = self.metadata(&role.filename(true));
        let version = role.version();
        let text = encode(&sign(role, &self.signers(T::TYPE, roots)?)?);
        write(&path, &text)?;
        Ok(Metafile {
            length: Some(text.len() as u64),
            hashes: Some(hashes(Digest::of(&text))),
            version,
            _extra: HashMap::new(),
        })
    }

    /// The keys of all these roots for a role, each once.
    fn signers(
        &self,
        role: RoleType,
        roots: &[&Root],
    ) -> Result<Vec<&crate::keys::Key>, PublishError> {
        let (last, former) = roots.split_last().expect("there is a root");
        let mut signers = self.keys.enough(role, last)?;
        for root in former {
            let missing = self.keys.of(role, root);
            let missing = missing
                .into_iter()
                .filter(|key| signers.iter().all(|s| s.id != key.id));
            let missing: Vec<_> = missing.collect();
            signers.extend(missing);
        }
        Ok(signers)
    }

    /// Where a metadata file is.
    pub(super) fn metadata(&self, name: &str) -> PathBuf {
        self.repo.join("metadata").join(name)
    }
}

/// A list of files with nothing in it.
pub(super) fn no_targets() -> Targets {
    let mut targets = Targets::new(SPEC.to_owned(), NonZeroU64::MIN, Timestamp::UNIX_EPOCH);
    targets.delegations = None;
    targets
}

/// Puts a file on a list; tells whether it was not there.
pub(super) fn put(
    targets: &mut Targets,
    name: &str,
    facts: FileFacts,
) -> Result<bool, PublishError> {
    let name = TargetName::new(name).map_err(|_| PublishError::Value {
        what: "the name of a file",
        why: "it is no plain path",
    })?;
    let target = Target {
        length: facts.size,
        hashes: hashes(facts.digest),
        custom: HashMap::new(),
        _extra: HashMap::new(),
    };
    let former = targets.targets.insert(name, target.clone());
    Ok(former.as_ref() != Some(&target))
}

/// Writes a file and the folders above it.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), PublishError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(PublishError::write(folder))?;
    let written = host::file::write_if_changed(path, 0o644, content);
    written.map(|_| ()).map_err(PublishError::write(path))
}

fn hashes(digest: Digest) -> Hashes {
    Hashes {
        sha256: digest.0.to_vec().into(),
        _extra: HashMap::new(),
    }
}

fn after(version: Option<NonZeroU64>) -> NonZeroU64 {
    version.map_or(NonZeroU64::MIN, |version| version.saturating_add(1))
}
