//! Modules: which stay, unpacked, with what they depend on, indexed by depmod.

use super::firmware;
use super::index::Index;
use super::information::{needs, plain, values};
use crate::cache::Cache;
use crate::digest::{self, Key};
use crate::error::{Error, Result};
use crate::file;
use crate::tools::Tools;
use crate::tree::{Content, Node, Rules, Tree};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

const MODULES: &str = "usr/lib/modules/";
/// Names of the firmware that the modules ask for, one a line.
const FIRMWARE: &str = "firmware";
/// What the kernel's package says about modules that are part of the kernel, and depmod reads.
const BUILT_IN: [&str; 3] = [
    "modules.builtin",
    "modules.builtin.modinfo",
    "modules.order",
];
const REVISION: u32 = 2;

/// The modules of one kernel, on disk.
#[derive(Debug)]
pub(crate) struct Modules {
    /// What `uname -r` says.
    pub(crate) release: String,
    /// `…/usr/lib/modules/<release>` in the cache.
    pub(crate) folder: PathBuf,
    pub(crate) index: Index,
    /// Identifies the whole folder.
    pub(crate) identity: String,
}

/// Unpacks the modules that `tree` (already filtered) has, and those of `all` they depend on, and puts them back into
/// `tree` with fresh indexes.
pub(crate) fn install(
    tree: &mut Tree,
    all: &Tree,
    rules: &Rules,
    tools: &Tools,
    cache: &Cache,
) -> Result<Modules> {
    let release = release(all)?;
    let prefix = format!("{MODULES}{release}/");
    let packed: BTreeMap<String, Content> = modules(all, &prefix).collect();
    let kept: BTreeSet<String> = modules(tree, &prefix).map(|(path, _)| path).collect();
    let key = key(&release, &packed, &kept, tools);
    let base = cache.get("modules", &key, |folder| {
        let firmware = unpack(&packed, kept, &folder.join(&prefix))?;
        let firmware: Vec<String> = firmware.into_iter().collect();
        file::write(&folder.join(FIRMWARE), firmware.join("\n").as_bytes())?;
        index(folder, all, &release, &prefix, tools)
    })?;
    let folder = base.join(&prefix);
    tree.retain(|path, _| !path.starts_with(&prefix));
    put_back(tree, &folder, &prefix, &key)?;
    let wanted = file::text(&base.join(FIRMWARE))?
        .lines()
        .filter(|name| !rules.never(name))
        .map(str::to_owned)
        .collect();
    firmware::install(tree, all, &wanted)?;
    let text = |name: &str| file::text(&folder.join(name));
    let index = Index::parse(
        &text("modules.dep")?,
        &text("modules.alias")?,
        &text("modules.builtin")?,
    );
    Ok(Modules {
        release,
        folder,
        index,
        identity: key,
    })
}

/// All modules below the folder `prefix`, by their paths in it.
fn modules(tree: &Tree, prefix: &str) -> impl Iterator<Item = (String, Content)> {
    tree.iter()
        .filter_map(move |(path, entry)| module(path, &entry.node, prefix))
}

/// Everything that decides about the unpacked folder.
fn key(
    release: &str,
    packed: &BTreeMap<String, Content>,
    kept: &BTreeSet<String>,
    tools: &Tools,
) -> String {
    let mut key = Key::new("modules", REVISION)
        .with("tools", &tools.identity)
        .with("release", release);
    for path in kept {
        key = key.with("kept", path);
    }
    for (path, content) in packed {
        key = key.with(path, content.identity());
    }
    key.finish()
}

/// Has depmod index the modules that were unpacked into `folder`.
fn index(folder: &Path, all: &Tree, release: &str, prefix: &str, tools: &Tools) -> Result<()> {
    for name in BUILT_IN {
        let path = format!("{prefix}{name}");
        let content = all
            .content(&path)
            .ok_or_else(|| Error::Wrong(format!("the kernel package has no {path}")))?;
        file::write(&folder.join(&path), &content.read()?)?;
    }
    // depmod may look below /lib or /usr/lib, as it was built.
    std::os::unix::fs::symlink("usr/lib", folder.join("lib")).map_err(Error::write(folder))?;
    tools
        .program("usr/bin/kmod", "depmod")
        .arg("-b")
        .arg(folder)
        .arg(release)
        .stdout()?;
    Ok(())
}

/// The one kernel there is.
pub(super) fn release(tree: &Tree) -> Result<String> {
    let releases: BTreeSet<&str> = tree
        .iter()
        .filter_map(|(path, _)| {
            path.strip_prefix(MODULES)?
                .split_once('/')
                .map(|(release, _)| release)
        })
        .collect();
    match releases.iter().collect::<Vec<_>>()[..] {
        [release] => Ok((*release).to_owned()),
        [] => Err(Error::Wrong(
            "no kernel in the image: add a linux-image package to buildroot/packages.toml".into(),
        )),
        _ => Err(Error::Wrong(format!(
            "more than one kernel in the image: {releases:?}; run `holdfast build lock`"
        ))),
    }
}

/// `(path below the modules folder without .xz, content)` of a module file.
fn module(path: &str, node: &Node, prefix: &str) -> Option<(String, Content)> {
    let Node::File(content) = node else {
        return None;
    };
    let name = path.strip_prefix(prefix)?;
    let plain = name.strip_suffix(".xz").unwrap_or(name);
    plain
        .ends_with(".ko")
        .then(|| (plain.to_owned(), content.clone()))
}

/// Unpacks `kept` and, through their own lists of what they depend on, the rest of what they need. Returns the firmware
/// they ask for.
fn unpack(
    packed: &BTreeMap<String, Content>,
    kept: BTreeSet<String>,
    target: &Path,
) -> Result<BTreeSet<String>> {
    let mut firmware = BTreeSet::new();
    let by_name: BTreeMap<String, &String> = packed
        .keys()
        .map(|path| (super::index::name(path), path))
        .collect();
    let mut done: BTreeSet<String> = kept.clone();
    let mut queue: VecDeque<String> = kept.into_iter().collect();
    while let Some(path) = queue.pop_front() {
        let content = packed
            .get(&path)
            .ok_or_else(|| Error::Wrong(format!("module {path} is not in the kernel package")))?;
        let bytes = plain(content)?;
        firmware.extend(values(&bytes, "firmware"));
        for needed in needs(&bytes) {
            if let Some(other) = by_name.get(&needed)
                && done.insert((*other).clone())
            {
                queue.push_back((*other).clone());
            }
        }
        let place = target.join(&path);
        file::folder(place.parent().unwrap_or(target))?;
        std::fs::write(&place, bytes).map_err(Error::write(&place))?;
    }
    Ok(firmware)
}

fn put_back(tree: &mut Tree, folder: &Path, prefix: &str, key: &str) -> Result<()> {
    let mut todo = vec![folder.to_owned()];
    while let Some(at) = todo.pop() {
        for entry in std::fs::read_dir(&at).map_err(Error::read(&at))? {
            let path = entry.map_err(Error::read(&at))?.path();
            if path.is_dir() {
                todo.push(path);
                continue;
            }
            let relative = path
                .strip_prefix(folder)
                .unwrap_or(&path)
                .to_string_lossy()
                .into_owned();
            let identity = digest::of_bytes(format!("{key}/{relative}").as_bytes());
            tree.put(
                &format!("{prefix}{relative}"),
                0o644,
                Node::File(Content::File { path, identity }),
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::information::tests::module;
    use super::*;

    #[test]
    fn needed_modules_come_back_and_firmware_is_told() {
        let dir = tempfile::tempdir().expect("temp dir");
        let module = |information: &str| Content::Bytes(module(information));
        let packed = BTreeMap::from([
            ("kernel/a.ko".to_owned(), module("depends=b-c")),
            (
                "kernel/x/b_c.ko".to_owned(),
                module("depends=d\0firmware=b.fw"),
            ),
            ("kernel/d.ko".to_owned(), module("depends=")),
            ("kernel/e.ko".to_owned(), module("firmware=e.fw")),
        ]);
        let firmware = unpack(
            &packed,
            BTreeSet::from(["kernel/a.ko".to_owned()]),
            dir.path(),
        )
        .expect("unpacked");
        let there = |path: &str| dir.path().join(path).is_file();
        assert!(
            there("kernel/a.ko")
                && there("kernel/x/b_c.ko")
                && there("kernel/d.ko")
                && !there("kernel/e.ko")
        );
        assert_eq!(firmware.into_iter().collect::<Vec<_>>(), ["b.fw"]);
    }
}
