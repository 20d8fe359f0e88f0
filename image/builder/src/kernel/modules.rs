//! Modules: which stay, unpacked, with what they depend on, indexed by depmod.

use super::firmware;
use super::index::Index;
use crate::cache::Cache;
use crate::digest::{self, Key};
use crate::error::{Error, Result};
use crate::file;
use crate::tools::Tools;
use crate::tree::{Content, Node, Rules, Tree};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::Read;
use std::path::{Path, PathBuf};

const MODULES: &str = "usr/lib/modules/";
/// Names of the firmware that the modules ask for, one a line.
const FIRMWARE: &str = "firmware";
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
    let packed: BTreeMap<String, Content> = all
        .iter()
        .filter_map(|(path, entry)| module(path, &entry.node, &prefix))
        .collect();
    let kept: BTreeSet<String> = tree
        .iter()
        .filter_map(|(path, entry)| Some(module(path, &entry.node, &prefix)?.0))
        .collect();
    let mut key = Key::new("modules", REVISION)
        .with("tools", &tools.identity)
        .with("release", &release);
    for path in &kept {
        key = key.with("kept", path);
    }
    for (path, content) in &packed {
        key = key.with(path, content.identity());
    }
    let key = key.finish();
    let base = cache.get("modules", &key, |folder| {
        let firmware = unpack(&packed, kept, &folder.join(&prefix))?;
        file::write(
            &folder.join(FIRMWARE),
            firmware
                .into_iter()
                .collect::<Vec<_>>()
                .join("\n")
                .as_bytes(),
        )?;
        for name in [
            "modules.builtin",
            "modules.builtin.modinfo",
            "modules.order",
        ] {
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
            .arg(&release)
            .stdout()?;
        Ok(())
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

/// The one kernel there is.
fn release(tree: &Tree) -> Result<String> {
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

/// A module's bytes, unpacked if it is packed.
fn plain(content: &Content) -> Result<Vec<u8>> {
    let bytes = content.read()?;
    if !bytes.starts_with(b"\xfd7zXZ") {
        return Ok(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len() * 4);
    liblzma::read::XzDecoder::new(bytes.as_slice())
        .read_to_end(&mut out)
        .map_err(|source| Error::Format {
            what: "an unpacked module",
            source: Box::new(source),
        })?;
    Ok(out)
}

/// The names after `depends=` in a module's information.
fn needs(module: &[u8]) -> Vec<String> {
    let lists = values(module, "depends");
    lists
        .iter()
        .flat_map(|list| list.split(','))
        .filter(|name| !name.is_empty())
        .map(super::index::name)
        .collect()
}

/// All values of `key=value` strings in a module's information section.
fn values(module: &[u8], key: &str) -> Vec<String> {
    let Some(information) = information(module) else {
        return Vec::new();
    };
    let lines = information
        .split(|byte| *byte == 0)
        .map(String::from_utf8_lossy);
    lines
        .filter_map(|line| Some(line.strip_prefix(key)?.strip_prefix('=')?.to_owned()))
        .collect()
}

/// The `.modinfo` section.
fn information(module: &[u8]) -> Option<&[u8]> {
    use object::read::elf::{FileHeader, SectionHeader};
    let header = object::elf::FileHeader64::<object::Endianness>::parse(module).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, module).ok()?;
    let (_, section) = sections.section_by_name(endian, b".modinfo")?;
    section.data(endian, module).ok()
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
    use super::*;

    /// The least ELF file with a `.modinfo` section.
    fn module(information: &str) -> Vec<u8> {
        let names = b"\0.modinfo\0.shstrtab\0";
        let text = format!("license=GPL\0{information}\0");
        let (text_at, names_at) = (64, 64 + text.len());
        let table_at = (names_at + names.len()).next_multiple_of(8);
        let mut elf = b"\x7fELF\x02\x01\x01".to_vec();
        elf.resize(16, 0);
        elf.extend([1, 0, 62, 0, 1, 0, 0, 0]);
        elf.resize(40, 0);
        elf.extend((table_at as u64).to_le_bytes());
        elf.extend([0, 0, 0, 0, 64, 0, 0, 0, 0, 0, 64, 0, 3, 0, 2, 0]);
        elf.resize(64, 0);
        elf.extend(text.as_bytes());
        elf.extend(names);
        elf.resize(table_at + 64, 0);
        for (name, at, size) in [(1u32, text_at, text.len()), (10, names_at, names.len())] {
            let kind: u32 = if name == 1 { 1 } else { 3 };
            elf.extend(name.to_le_bytes());
            elf.extend(kind.to_le_bytes());
            elf.extend([0; 16]);
            elf.extend((at as u64).to_le_bytes());
            elf.extend((size as u64).to_le_bytes());
            elf.extend([0; 24]);
        }
        elf
    }

    #[test]
    fn information_is_read_from_a_module() {
        let cases: [(&str, Vec<u8>, &[&str]); 3] = [
            (
                "two",
                module("depends=mii,usb-net\0name=x"),
                &["mii", "usb_net"],
            ),
            ("none", module("depends="), &[]),
            ("no module", b"#!/bin/sh".to_vec(), &[]),
        ];
        for (name, module, want) in cases {
            assert_eq!(needs(&module), want, "{name}");
        }
        assert_eq!(
            values(&module("firmware=a.bin\0firmware=b/c.bin"), "firmware"),
            ["a.bin", "b/c.bin"]
        );
    }

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
