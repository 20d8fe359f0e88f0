//! The keys that a folder has.

use super::error::KeyError;
use super::key::Key;
use std::path::{Path, PathBuf};
use tough::schema::{RoleType, Root};

#[derive(Debug)]
pub(crate) struct KeyFolder {
    folder: PathBuf,
    keys: Vec<Key>,
}

impl KeyFolder {
    /// Reads all keys of a folder, in order of names.
    pub(crate) fn open(folder: &Path) -> Result<KeyFolder, KeyError> {
        let entries = std::fs::read_dir(folder).map_err(KeyError::read(folder))?;
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|ending| ending == "pem"));
        paths.sort();
        let keys = paths.iter().map(|path| Key::read(path));
        Ok(KeyFolder {
            folder: folder.to_owned(),
            keys: keys.collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Those that a root names for a role.
    pub(crate) fn of(&self, role: RoleType, root: &Root) -> Vec<&Key> {
        let named = |key: &&Key| {
            root.roles
                .get(&role)
                .is_some_and(|keys| keys.keyids.contains(&key.id))
        };
        self.keys.iter().filter(named).collect()
    }

    /// As [`KeyFolder::of`].
    ///
    /// # Errors
    /// There are fewer than must sign.
    pub(crate) fn enough(&self, role: RoleType, root: &Root) -> Result<Vec<&Key>, KeyError> {
        let found = self.of(role, root);
        let named = root.roles.get(&role);
        let needed = named.map_or(1, |keys| keys.threshold.get());
        if found.len() as u64 >= needed {
            return Ok(found);
        }
        let ids = named.map(|keys| &keys.keyids).into_iter().flatten();
        let ids: Vec<String> = ids
            .map(|id| host::digest::hex(id).chars().take(8).collect())
            .collect();
        Err(KeyError::Missing {
            folder: self.folder.clone(),
            role: role.to_string(),
            found: found.len(),
            needed,
            ids: ids.join(", "),
        })
    }

    /// Makes one more key for a role, with the next number.
    pub(crate) fn make(&mut self, role: RoleType) -> Result<&Key, KeyError> {
        let prefix = format!("{role}-");
        let number = |key: &Key| -> Option<u32> {
            let stem = key.file.file_stem()?.to_str()?;
            stem.strip_prefix(&prefix)?.parse().ok()
        };
        let last = self.keys.iter().filter_map(number).max().unwrap_or(0);
        let key = Key::make(&Key::file_of(&self.folder, role, last + 1))?;
        self.keys.push(key);
        Ok(self.keys.last().expect("it was just put there"))
    }
}
