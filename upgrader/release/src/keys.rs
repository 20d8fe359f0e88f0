//! The keys that vouch for releases, as files in a folder.
//!
//! `<role>-<n>.pem` (ed25519, PKCS#8, 0600) are private keys, `<n>.root.json` the roots, and `root.json` the newest of them: the
//! one that images are built with. Which keys count is said by the root alone, so a key can be moved elsewhere while it is not
//! needed. No key is ever overwritten.

mod error;
mod folder;
mod key;
mod rescue;
mod sign;

pub use error::KeyError;
pub(crate) use folder::KeyFolder;
pub(crate) use key::Key;
pub use rescue::sign_rescue;
pub(crate) use sign::{encode, sign};

use jiff::Timestamp;
use std::collections::HashMap;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use tough::schema::{RoleKeys, RoleType, Root};

/// What is signed follows this version of TUF.
pub(crate) const SPEC: &str = "1.0.0";

/// Keys to be made.
#[derive(Debug, Clone)]
pub struct Init {
    /// The folder; made if it is not there.
    pub folder: PathBuf,
    /// How many root keys.
    pub root_keys: u8,
    /// How many of them must sign a new root.
    pub threshold: u8,
    /// When the root expires.
    pub expires: Timestamp,
}

/// Makes keys for all roles and the first root. Gives the files, the private ones first.
///
/// # Errors
/// As [`KeyError`] says; a folder that has keys is one.
pub fn init(init: &Init) -> Result<Vec<PathBuf>, KeyError> {
    if init.threshold == 0 || init.threshold > init.root_keys {
        return Err(KeyError::Threshold {
            threshold: init.threshold,
            keys: init.root_keys,
        });
    }
    let folder = &init.folder;
    std::fs::create_dir_all(folder).map_err(KeyError::write(folder))?;
    if !KeyFolder::open(folder)?.is_empty() || folder.join("root.json").exists() {
        return Err(KeyError::Taken(folder.clone()));
    }
    let root_keys =
        (1..=init.root_keys).map(|n| Key::make(&Key::file_of(folder, RoleType::Root, n.into())));
    let root_keys = root_keys.collect::<Result<Vec<_>, _>>()?;
    let mut root = Root {
        spec_version: SPEC.to_owned(),
        consistent_snapshot: true,
        version: NonZeroU64::MIN,
        expires: whole_seconds(init.expires),
        keys: HashMap::new(),
        roles: HashMap::new(),
        _extra: HashMap::new(),
    };
    put(&mut root, RoleType::Root, &root_keys, init.threshold);
    let mut files: Vec<PathBuf> = root_keys.iter().map(|key| key.file.clone()).collect();
    for role in [RoleType::Targets, RoleType::Snapshot, RoleType::Timestamp] {
        let key = Key::make(&Key::file_of(folder, role, 1))?;
        files.push(key.file.clone());
        put(&mut root, role, &[key], 1);
    }
    let signers: Vec<&Key> = root_keys.iter().collect();
    files.extend(write_root(folder, 1, &encode(&sign(root, &signers)?))?);
    Ok(files)
}

/// Writes a root under its number, then as the newest.
pub(crate) fn write_root(
    folder: &Path,
    number: u64,
    root: &[u8],
) -> Result<[PathBuf; 2], KeyError> {
    let files = [
        folder.join(format!("{number}.root.json")),
        folder.join("root.json"),
    ];
    for path in &files {
        host::file::write_if_changed(path, 0o644, root).map_err(KeyError::write(path))?;
    }
    Ok(files)
}

/// Gives a role these keys and no others.
fn put(root: &mut Root, role: RoleType, keys: &[Key], threshold: u8) {
    for key in keys {
        root.keys.insert(key.id.clone(), key.public.clone());
    }
    let keys = RoleKeys {
        keyids: keys.iter().map(|key| key.id.clone()).collect(),
        threshold: NonZeroU64::new(threshold.into()).unwrap_or(NonZeroU64::MIN),
        _extra: HashMap::new(),
    };
    root.roles.insert(role, keys);
}

/// TUF's times have no fractions.
pub(crate) fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
