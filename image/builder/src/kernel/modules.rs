//! Modules: which stay, unpacked, with what they depend on, indexed by depmod.

use super::index::Index;
use crate::cache::Cache;
use crate::digest::{self, Key};
use crate::error::{Error, Result};
use crate::file;
use crate::tools::Tools;
use crate::tree::{Content, Node, Tree};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Read;
use std::path::{Path, PathBuf};

const MODULES: &str = "usr/lib/modules/";
const REVISION: u32 = 1;

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
pub(crate) fn install(tree: &mut Tree, all: &Tree, tools: &Tools, cache: &Cache) -> Result<Modules> {
    let release = release(all)?;
    let prefix = format!("{MODULES}{release}/");
    let packed: BTreeMap<String, Content> = all.iter().filter_map(|(path, entry)| module(path, &entry.node, &prefix)).collect();
    let kept: BTreeSet<String> = tree.iter().filter_map(|(path, entry)| Some(module(path, &entry.node, &prefix)?.0)).collect();
    let mut key = Key::new("modules", REVISION).with("tools", &tools.identity).with("release", &release);
    for path in &kept {
        key = key.with("kept", path);
    }
    for (path, content) in &packed {
        key = key.with(path, content.identity());
    }
    let key = key.finish();
    let base = cache.get("modules", &key, |folder| {
        unpack(&packed, kept, &folder.join(&prefix))?;
        for name in ["modules.builtin", "modules.builtin.modinfo", "modules.order"] {
            let path = format!("{prefix}{name}");
            let content = all.content(&path).ok_or_else(|| Error::Wrong(format!("the kernel package has no {path}")))?;
            file::write(&folder.join(&path), &content.read()?)?;
        }
        // depmod may look below /lib or /usr/lib, as it was built.
        std::os::unix::fs::symlink("usr/lib", folder.join("lib")).map_err(Error::write(folder))?;
        tools.program("usr/bin/kmod", "depmod").arg("-b").arg(folder).arg(&release).stdout()?;
        Ok(())
    })?;
    let folder = base.join(&prefix);
    tree.retain(|path, _| !path.starts_with(&prefix));
    put_back(tree, &folder, &prefix, &key)?;
    let text = |name: &str| file::text(&folder.join(name));
    let index = Index::parse(&text("modules.dep")?, &text("modules.alias")?, &text("modules.builtin")?);
    Ok(Modules { release, folder, index, identity: key })
}

/// The one kernel there is.
fn release(tree: &Tree) -> Result<String> {
    let releases: BTreeSet<&str> =
        tree.iter().filter_map(|(path, _)| path.strip_prefix(MODULES)?.split_once('/').map(|(release, _)| release)).collect();
    match releases.iter().collect::<Vec<_>>()[..] {
        [release] => Ok((*release).to_owned()),
        [] => Err(Error::Wrong("no kernel in the image: add a linux-image package to buildroot/packages.toml".into())),
        _ => Err(Error::Wrong(format!("more than one kernel in the image: {releases:?}; run `holdfast build lock`"))),
    }
}

/// `(path below the modules folder without .xz, content)` of a module file.
fn module(path: &str, node: &Node, prefix: &str) -> Option<(String, Content)> {
    let Node::File(content) = node else { return None };
    let name = path.strip_prefix(prefix)?;
    let plain = name.strip_suffix(".xz").unwrap_or(name);
    plain.ends_with(".ko").then(|| (plain.to_owned(), content.clone()))
}

/// Unpacks `kept` and, through their own lists of what they depend on, the rest of what they need.
fn unpack(packed: &BTreeMap<String, Content>, kept: BTreeSet<String>, target: &Path) -> Result<()> {
    let by_name: BTreeMap<String, &String> = packed.keys().map(|path| (super::index::name(path), path)).collect();
    let mut done: BTreeSet<String> = kept.clone();
    let mut queue: VecDeque<String> = kept.into_iter().collect();
    while let Some(path) = queue.pop_front() {
        let content = packed.get(&path).ok_or_else(|| Error::Wrong(format!("module {path} is not in the kernel package")))?;
        let bytes = plain(content)?;
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
    Ok(())
}

/// A module's bytes, unpacked if it is packed.
fn plain(content: &Content) -> Result<Vec<u8>> {
    let bytes = content.read()?;
    if !bytes.starts_with(b"\xfd7zXZ") {
        return Ok(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len() * 4);
    liblzma::read::XzDecoder::new(bytes.as_slice()).read_to_end(&mut out).map_err(|source| Error::Format { what: "an unpacked module", source: Box::new(source) })?;
    Ok(out)
}

/// The names after `depends=` in a module's information.
fn needs(module: &[u8]) -> Vec<String> {
    const KEY: &[u8] = b"\0depends=";
    let Some(at) = module.windows(KEY.len()).position(|window| window == KEY) else { return Vec::new() };
    let value = &module[at + KEY.len()..];
    let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
    let text = String::from_utf8_lossy(&value[..end]);
    text.split(',').filter(|name| !name.is_empty()).map(super::index::name).collect()
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
            let relative = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
            let identity = digest::of_bytes(format!("{key}/{relative}").as_bytes());
            tree.put(&format!("{prefix}{relative}"), 0o644, Node::File(Content::File { path, identity }));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_read_from_a_module() {
        let cases: [(&str, &[u8], &[&str]); 3] = [
            ("two", b"\0license=GPL\0depends=mii,usb-net\0name=x\0", &["mii", "usb_net"]),
            ("none", b"\0depends=\0", &[]),
            ("no information", b"ELF", &[]),
        ];
        for (name, module, want) in cases {
            assert_eq!(needs(module), want, "{name}");
        }
    }

    #[test]
    fn needed_modules_come_back() {
        let dir = tempfile::tempdir().expect("temp dir");
        let module = |depends: &str| Content::Bytes(format!("\0depends={depends}\0").into_bytes());
        let packed = BTreeMap::from([
            ("kernel/a.ko".to_owned(), module("b-c")),
            ("kernel/x/b_c.ko".to_owned(), module("d")),
            ("kernel/d.ko".to_owned(), module("")),
            ("kernel/e.ko".to_owned(), module("")),
        ]);
        unpack(&packed, BTreeSet::from(["kernel/a.ko".to_owned()]), dir.path()).expect("unpacked");
        let there = |path: &str| dir.path().join(path).is_file();
        assert!(there("kernel/a.ko") && there("kernel/x/b_c.ko") && there("kernel/d.ko") && !there("kernel/e.ko"));
    }
}
