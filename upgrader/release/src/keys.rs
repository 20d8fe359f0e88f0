//! The keys that vouch for releases, as files in a folder.
//!
//! `<role>-<n>.pem` (ed25519, PKCS#8, 0600) are private keys, `<n>.root.json` the roots, and `root.json` the newest of them: the
//! one that images are built with. Which keys count is said by the root alone, so a key can be moved elsewhere while it is not
//! needed. No key is ever overwritten.

mod error;
mod folder;
mod key;
mod pem;
mod rescue;
mod sign;

pub use error::KeyError;
pub(crate) use folder::KeyFolder;
pub(crate) use key::Key;
pub use pem::why_no_key;
pub use rescue::sign_rescue;
pub(crate) use sign::{encode, sign};

use jiff::Timestamp;
use std::collections::HashMap;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use tough::schema::{RoleKeys, RoleType, Root};

/// What is signed follows this version of TUF.
pub(crate) const SPEC: &str = "1.0.0";

/// The root that keys begin with.
const FIRST_ROOT: &str = "1.root.json";
/// The newest root, whichever it is.
const NEWEST_ROOT: &str = "root.json";

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
    let has_a_root = [FIRST_ROOT, NEWEST_ROOT]
        .iter()
        .any(|name| folder.join(name).exists());
    if has_a_root || !KeyFolder::open(folder)?.is_empty() {
        return Err(KeyError::Taken(folder.clone()));
    }
    let mut files = Vec::new();
    let made = make(init, &mut files);
    if made.is_err() {
        // Half of the keys are of no use, and would be in the way of the next try. What cannot be removed is told by that one.
        for file in files {
            let _ = std::fs::remove_file(file);
        }
        return made.map(|()| Vec::new());
    }
    Ok(files)
}

/// Makes what [`init`] promises; `files` has what is there, also when the rest could not be made.
fn make(init: &Init, files: &mut Vec<PathBuf>) -> Result<(), KeyError> {
    let folder = &init.folder;
    let mut key = |role, number| {
        let key = Key::make(&Key::file_of(folder, role, number))?;
        files.push(key.file.clone());
        Ok::<_, KeyError>(key)
    };
    let root_keys = (1..=init.root_keys).map(|number| key(RoleType::Root, number.into()));
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
    for role in [RoleType::Targets, RoleType::Snapshot, RoleType::Timestamp] {
        put(&mut root, role, &[key(role, 1)?], 1);
    }
    let signers: Vec<&Key> = root_keys.iter().collect();
    let root = encode(&sign(root, &signers)?);
    files.extend([FIRST_ROOT, NEWEST_ROOT].map(|name| folder.join(name)));
    write_root(folder, 1, &root)
}

/// Writes a root under its number, then as the newest.
pub(crate) fn write_root(folder: &Path, number: u64, root: &[u8]) -> Result<(), KeyError> {
    for name in [format!("{number}.root.json"), NEWEST_ROOT.to_owned()] {
        let path = folder.join(name);
        host::file::write_if_changed(&path, 0o644, root).map_err(KeyError::write(&path))?;
    }
    Ok(())
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
