//! Entries and how they come together.

use crate::digest::{self, Hex, Key};
use crate::error::{Error, Result};
use crate::file;
use crate::packages::{Kind, Unpacked};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where a file's bytes come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// A file on the build host with what identifies its bytes.
    File { path: PathBuf, identity: Hex },
    /// Bytes made by the build.
    Bytes(Vec<u8>),
}

impl Content {
    /// A file whose digest is taken now.
    pub(crate) fn file(path: &Path) -> Result<Self> {
        Ok(Self::File {
            path: path.to_owned(),
            identity: digest::of_file(path)?,
        })
    }

    pub(crate) fn read(&self) -> Result<Vec<u8>> {
        match self {
            Self::File { path, .. } => file::read(path),
            Self::Bytes(bytes) => Ok(bytes.clone()),
        }
    }

    /// What tells these bytes from others.
    pub(crate) fn identity(&self) -> Hex {
        match self {
            Self::File { identity, .. } => identity.clone(),
            Self::Bytes(bytes) => digest::of_bytes(bytes),
        }
    }
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Folder,
    File(Content),
    Symlink(String),
}

/// One path of the tree. Everything belongs to root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Permission bits, with setuid and sticky.
    pub(crate) mode: u32,
    pub(crate) node: Node,
}

/// Top-level names that are links into /usr; packages may still use either spelling.
const MERGED: [&str; 4] = ["bin", "sbin", "lib", "lib64"];

/// A root file system: paths without a leading slash, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    entries: BTreeMap<String, Entry>,
}

impl Tree {
    /// The one spelling of a path.
    fn canonical(path: &str) -> String {
        let path = path.trim_matches('/');
        match path.split_once('/') {
            Some((first, _)) if MERGED.contains(&first) => format!("usr/{path}"),
            _ => path.to_owned(),
        }
    }

    /// Puts an entry, and the folders above it that are not there yet. What was there is replaced.
    pub(crate) fn put(&mut self, path: &str, mode: u32, node: Node) {
        let path = Self::canonical(path);
        let mut above = path.as_str();
        while let Some((parent, _)) = above.rsplit_once('/') {
            self.entries.entry(parent.to_owned()).or_insert(Entry {
                mode: 0o755,
                node: Node::Folder,
            });
            above = parent;
        }
        self.entries.insert(path, Entry { mode, node });
    }

    /// Puts bytes as a file.
    pub(crate) fn put_bytes(&mut self, path: &str, mode: u32, bytes: impl Into<Vec<u8>>) {
        self.put(path, mode, Node::File(Content::Bytes(bytes.into())));
    }

    /// Puts a symbolic link.
    pub(crate) fn put_link(&mut self, path: &str, target: &str) {
        self.put(path, 0o777, Node::Symlink(target.to_owned()));
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Entry> {
        self.entries.get(&Self::canonical(path))
    }

    /// The file at a path, links followed, as bytes.
    pub(crate) fn content(&self, path: &str) -> Option<&Content> {
        let mut path = Self::canonical(path);
        for _ in 0..16 {
            match &self.entries.get(&path)?.node {
                Node::File(content) => return Some(content),
                Node::Symlink(target) => path = Self::canonical(&Self::resolve(&path, target)),
                Node::Folder => return None,
            }
        }
        None
    }

    /// Where a link at `path` points, as a path of the tree.
    pub(crate) fn resolve(path: &str, target: &str) -> String {
        let mut parts: Vec<&str> = if target.starts_with('/') {
            Vec::new()
        } else {
            path.rsplit_once('/')
                .map_or(Vec::new(), |(parent, _)| parent.split('/').collect())
        };
        for part in target.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop();
                }
                name => parts.push(name),
            }
        }
        parts.join("/")
    }

    pub(crate) fn remove(&mut self, path: &str) {
        self.entries.remove(path);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries
            .iter()
            .map(|(path, entry)| (path.as_str(), entry))
    }

    /// Keeps the entries for which `keep` says so.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&str, &Entry) -> bool) {
        self.entries.retain(|path, entry| keep(path, entry));
    }

    /// Changes the mode of an entry; whether it is there.
    pub(crate) fn set_mode(&mut self, path: &str, mode: u32) -> bool {
        self.entries
            .get_mut(&Self::canonical(path))
            .map(|entry| entry.mode = mode)
            .is_some()
    }

    /// Adds a package. Two packages may share folders, never files.
    pub(crate) fn add_package(&mut self, package: &Unpacked, name: &str) -> Result<()> {
        for entry in &package.entries {
            let file = |path: &str| {
                let identity = digest::of_bytes(format!("{}/{path}", package.sha256).as_bytes());
                Node::File(Content::File {
                    path: package.content.join(path),
                    identity,
                })
            };
            let node = match &entry.kind {
                Kind::Folder => Node::Folder,
                Kind::File => file(&entry.path),
                Kind::HardLink(target) => file(target),
                Kind::Symlink(target) => Node::Symlink(target.clone()),
            };
            match (self.get(&entry.path).map(|old| &old.node), &node) {
                (None, _) => self.put(&entry.path, entry.mode, node),
                // A folder may meet a link to a folder (usr-merge); the first one stays.
                (Some(Node::Folder | Node::Symlink(_)), Node::Folder) => {}
                (Some(old), new) if old == new => {}
                _ => {
                    return Err(Error::Wrong(format!(
                        "package {name}: /{} is in another package too",
                        entry.path
                    )));
                }
            }
        }
        Ok(())
    }

    /// Adds a folder of the project, file by file. Files keep only whether they are executable; git knows no other mode.
    pub(crate) fn add_folder(&mut self, folder: &Path) -> Result<()> {
        self.add_below(folder, "")
    }

    fn add_below(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        use std::os::unix::fs::PermissionsExt;
        for entry in std::fs::read_dir(folder).map_err(Error::read(folder))? {
            let entry = entry.map_err(Error::read(folder))?;
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let meta = entry.metadata().map_err(Error::read(&entry.path()))?;
            if meta.is_dir() {
                if self.get(&path).is_none() {
                    self.put(&path, 0o755, Node::Folder);
                }
                self.add_below(&entry.path(), &format!("{path}/"))?;
            } else if meta.is_symlink() {
                let target =
                    std::fs::read_link(entry.path()).map_err(Error::read(&entry.path()))?;
                self.put_link(&path, &target.to_string_lossy());
            } else {
                let mode = if meta.permissions().mode() & 0o100 == 0 {
                    0o644
                } else {
                    0o755
                };
                self.put(&path, mode, Node::File(Content::file(&entry.path())?));
            }
        }
        Ok(())
    }

    /// Everything that decides the bytes of an image made from this tree.
    pub(crate) fn key(&self, key: Key) -> Key {
        self.entries.iter().fold(key, |key, (path, entry)| {
            let node = match &entry.node {
                Node::Folder => "d".to_owned(),
                Node::File(content) => format!("f{}", content.identity()),
                Node::Symlink(target) => format!("l{target}"),
            };
            key.with(path, format!("{:o} {node}", entry.mode))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_one_spelling_and_parents_appear() {
        let mut tree = Tree::default();
        tree.put_link("lib", "usr/lib");
        tree.put_bytes("/lib/udev/rules.d/x", 0o644, "x");
        let paths: Vec<&str> = tree.iter().map(|(path, _)| path).collect();
        assert_eq!(
            paths,
            [
                "lib",
                "usr",
                "usr/lib",
                "usr/lib/udev",
                "usr/lib/udev/rules.d",
                "usr/lib/udev/rules.d/x"
            ]
        );
    }

    #[test]
    fn links_are_followed_inside_the_tree() {
        let cases = [
            ("usr/bin/awk", "../lib/x", "usr/lib/x"),
            ("etc/a", "/usr/b", "usr/b"),
            ("a", "../../b", "b"),
            ("usr/c/d", "./e", "usr/c/e"),
        ];
        for (path, target, want) in cases {
            assert_eq!(Tree::resolve(path, target), want, "{path} -> {target}");
        }
        let mut tree = Tree::default();
        tree.put_bytes("usr/lib/x", 0o644, "bytes");
        tree.put_link("usr/bin/awk", "../lib/x");
        tree.put_link("loop", "loop");
        assert_eq!(
            tree.content("usr/bin/awk")
                .map(|c| c.read().expect("bytes")),
            Some(b"bytes".to_vec())
        );
        assert_eq!(tree.content("loop"), None);
    }

    #[test]
    fn the_key_sees_content_mode_and_links() {
        let base = || {
            let mut tree = Tree::default();
            tree.put_bytes("a", 0o644, "1");
            tree.put_link("b", "a");
            tree
        };
        let key = |tree: &Tree| tree.key(Key::new("t", 1)).finish();
        let reference = key(&base());
        assert_eq!(reference, key(&base()));
        type Change = fn(&mut Tree);
        let cases: [(&str, Change); 4] = [
            ("content", |t| t.put_bytes("a", 0o644, "2")),
            ("mode", |t| t.put_bytes("a", 0o755, "1")),
            ("link", |t| t.put_link("b", "c")),
            ("gone", |t| t.remove("b")),
        ];
        for (name, change) in cases {
            let mut tree = base();
            change(&mut tree);
            assert_ne!(reference, key(&tree), "{name}");
        }
    }
}
