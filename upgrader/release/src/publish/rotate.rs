//! Other keys for a role.
//!
//! Flow: a new key; what the role signed is signed by the old key and the new one, and `timestamp.json` is replaced; then the new
//! root appears in the repository, and in the key folder. So readers that know the old root and those that know the new one find
//! a repository that is signed for them at any moment; a cut between leaves the old root in force, and a key that nobody uses.

use super::books::{Books, write};
use super::error::PublishError;
use super::lifetimes::Lifetimes;
use crate::keys::{Key, encode, sign, whole_seconds, write_root};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::path::PathBuf;
use tough::schema::{RoleType, Root};

/// A role that has keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Vouches for all keys.
    Root,
    /// Signs the list of files.
    Targets,
    /// Signs which list belongs to which state.
    Snapshot,
    /// Signs which state is the newest.
    Timestamp,
}

impl Role {
    const fn tough(self) -> RoleType {
        match self {
            Role::Root => RoleType::Root,
            Role::Targets => RoleType::Targets,
            Role::Snapshot => RoleType::Snapshot,
            Role::Timestamp => RoleType::Timestamp,
        }
    }
}

/// Which keys are changed, and where.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// Folder of the repository.
    pub repo: PathBuf,
    /// Folder of the keys, with enough root keys.
    pub keys: PathBuf,
    /// Whose key.
    pub role: Role,
    /// When the new root expires.
    pub root_expires: Timestamp,
    /// How long signatures count.
    pub lifetimes: Lifetimes,
}

/// Gives a role a new key in place of its only one, or of its oldest root key. Gives the file of the new key and the number of
/// the new root.
///
/// # Errors
/// As [`PublishError`] says; then the old keys are in force.
pub async fn rotate(rotation: &Rotation, now: Timestamp) -> Result<(PathBuf, u64), PublishError> {
    let mut books = Books::open(&rotation.repo, &rotation.keys).await?;
    // A root that the repository does not get as well locks its owner out of it: its signatures are those of the keys before.
    if books.published.is_none() {
        return Err(PublishError::Empty(rotation.repo.clone()));
    }
    let role = rotation.role.tough();
    let old = books.root.signed.clone();
    // Before a key is made: without these it would be of no use.
    books.keys.enough(RoleType::Root, &old)?;
    let key = books.keys.make(role)?;
    let file = key.file.clone();
    let new = with_key(&old, role, key, rotation.root_expires);
    let signers = root_signers(&books, &old, &new)?;
    let text = encode(&sign(new.clone(), &signers)?);

    if role != RoleType::Root {
        let targets = match role {
            RoleType::Targets => Some(books.targets()?.clone()),
            _ => None,
        };
        books.write_signed_by(targets, rotation.lifetimes, now, &[&old, &new])?;
    }
    let number = new.version.get();
    write(&books.metadata(&format!("{number}.root.json")), &text)?;
    write_root(&rotation.keys, number, &text)?;
    Ok((file, number))
}

/// The next root: one key of the role is exchanged.
fn with_key(old: &Root, role: RoleType, key: &Key, expires: Timestamp) -> Root {
    let mut new = old.clone();
    new.version = old.version.saturating_add(1);
    new.expires = whole_seconds(expires);
    new.keys.insert(key.id.clone(), key.public.clone());
    if let Some(keys) = new.roles.get_mut(&role) {
        if !keys.keyids.is_empty() {
            keys.keyids.remove(0);
        }
        keys.keyids.push(key.id.clone());
    }
    let named = new.roles.values().flat_map(|keys| keys.keyids.clone());
    let named: BTreeSet<Vec<u8>> = named.map(|id| id.to_vec()).collect();
    new.keys.retain(|id, _| named.contains(&id.to_vec()));
    new
}

/// Keys of both roots must sign the new one.
fn root_signers<'a>(
    books: &'a Books,
    old: &Root,
    new: &Root,
) -> Result<Vec<&'a Key>, PublishError> {
    let mut signers = books.keys.enough(RoleType::Root, old)?;
    for key in books.keys.enough(RoleType::Root, new)? {
        if signers.iter().all(|signer| signer.id != key.id) {
            signers.push(key);
        }
    }
    Ok(signers)
}
