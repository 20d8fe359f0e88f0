//! The initramfs: static `init`, the modules that lead to the root, and microcode in front.

use crate::digest::{self, Key};
use crate::error::{Error, Result};
use crate::file;
use crate::kernel::Modules;
use crate::release::Release;
use crate::tree::{Node, Tree};
use formats::cpio::{Archive, Device};
use globset::{Glob, GlobMatcher};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// `buildroot/initramfs.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Contents {
    always: Vec<String>,
    by_device: Vec<String>,
    #[serde(default)]
    arch: BTreeMap<String, ArchContents>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ArchContents {
    #[serde(default)]
    always: Vec<String>,
    #[serde(default)]
    by_device: Vec<String>,
    /// Path in the early archive to the files that are joined there.
    #[serde(default)]
    microcode: BTreeMap<String, Vec<String>>,
}

impl Contents {
    /// Reads the file.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        toml::from_str(&file::text(path)?).map_err(Error::parse(path))
    }

    fn of(&self, arch: &str) -> ArchContents {
        self.arch.get(arch).cloned().unwrap_or_default()
    }

    /// Modules loaded first, in order.
    fn always(&self, arch: &str) -> Vec<String> {
        self.of(arch)
            .always
            .into_iter()
            .chain(self.always.iter().cloned())
            .collect()
    }

    /// Every module the archive carries, before what they depend on.
    fn modules(&self, arch: &str, board: &[&str]) -> Vec<String> {
        self.always(arch)
            .into_iter()
            .chain(self.by_device.iter().cloned())
            .chain(self.of(arch).by_device)
            .chain(board.iter().map(|name| (*name).to_owned()))
            .collect()
    }
}

/// What goes into an initramfs.
pub(crate) struct Parts<'a> {
    pub(crate) contents: &'a Contents,
    /// Modules that boards ask for.
    pub(crate) board_modules: &'a [&'a str],
    pub(crate) modules: &'a Modules,
    pub(crate) packages: &'a Tree,
    pub(crate) init: &'a Path,
    pub(crate) release: &'a Release,
}

impl Parts<'_> {
    /// Everything that decides the main archive's bytes.
    pub(crate) fn key(&self) -> Result<Key> {
        let key = Key::new("initramfs", 2)
            .with("modules", &self.modules.identity)
            .with_file("init", self.init)?;
        let key = key.with("release", self.release.json()?);
        Ok(self
            .contents
            .modules(&self.release.arch, self.board_modules)
            .iter()
            .fold(key, |key, name| key.with("module", name)))
    }

    /// The uncompressed archive.
    pub(crate) fn archive(&self) -> Result<Vec<u8>> {
        let mut cpio = Archive::new(Vec::new());
        let made = self.fill(&mut cpio)?;
        made.map_err(Error::format("the initramfs"))?;
        cpio.finish().map_err(Error::format("the initramfs"))
    }

    fn fill(
        &self,
        cpio: &mut Archive<Vec<u8>>,
    ) -> Result<std::result::Result<(), formats::cpio::Error>> {
        let arch = &self.release.arch;
        let always = self.contents.always(arch);
        let always = self.modules.index.loadable(&always);
        let index = self
            .modules
            .index
            .subset(&self.contents.modules(arch, self.board_modules))?;
        let folder = format!("lib/modules/{}", self.modules.release);
        let init = file::read(self.init)?;
        let release = self.release.json()?;
        let modules: Vec<(&str, Vec<u8>)> = index
            .paths()
            .map(|path| Ok((path, file::read(&self.modules.folder.join(path))?)))
            .collect::<Result<_>>()?;
        let mut write = || {
            cpio.file("init", 0o755, &init)?;
            for folder in ["dev", "proc", "sys", "run", "sysroot", "tmp"] {
                cpio.directory(folder, 0o755)?;
            }
            // The kernel opens it before anything can mount /dev.
            cpio.device("dev/console", 0o600, Device::Character, 5, 1)?;
            cpio.file("etc/holdfast-release.json", 0o644, &release)?;
            cpio.file(
                "etc/modules-initramfs",
                0o644,
                format!("{}\n", always.join("\n")).as_bytes(),
            )?;
            cpio.file(
                &format!("{folder}/modules.dep"),
                0o644,
                index.dep().as_bytes(),
            )?;
            cpio.file(
                &format!("{folder}/modules.alias"),
                0o644,
                index.alias().as_bytes(),
            )?;
            modules
                .iter()
                .try_for_each(|(path, bytes)| cpio.file(&format!("{folder}/{path}"), 0o644, bytes))
        };
        Ok(write())
    }

    /// The microcode archive, uncompressed as the kernel wants it; empty where there is none.
    pub(crate) fn microcode(&self) -> Result<Vec<u8>> {
        let wanted = self.contents.of(&self.release.arch).microcode;
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let mut cpio = Archive::new(Vec::new());
        for (path, patterns) in &wanted {
            let mut joined = Vec::new();
            for pattern in patterns {
                let matcher = Glob::new(pattern)
                    .map_err(Error::parse(Path::new("buildroot/initramfs.toml")))?
                    .compile_matcher();
                joined.extend(joined_files(self.packages, &matcher)?);
            }
            if joined.is_empty() {
                return Err(Error::Wrong(format!(
                    "no microcode matches {} in buildroot/initramfs.toml",
                    patterns.join(", ")
                )));
            }
            cpio.file(path, 0o644, &joined)
                .map_err(Error::format("the microcode archive"))?;
        }
        cpio.finish()
            .map_err(Error::format("the microcode archive"))
    }
}

/// Matching files one behind the other; the kernel looks for its processor inside, so a file that several names share
/// is needed once.
fn joined_files(tree: &Tree, matcher: &GlobMatcher) -> Result<Vec<u8>> {
    let mut joined = Vec::new();
    let mut seen = BTreeSet::new();
    for (path, entry) in tree.iter() {
        if let Node::File(content) = &entry.node
            && matcher.is_match(path)
        {
            let bytes = content.read()?;
            if seen.insert(digest::of_bytes(&bytes)) {
                joined.extend(bytes);
            }
        }
    }
    Ok(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_projects_own_lists_are_valid() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../buildroot/initramfs.toml");
        let contents = Contents::load(&path).expect("valid");
        let modules = contents.modules("amd64", &["tpm_tis"]);
        assert!(
            modules.contains(&"dm_verity".to_owned()) && modules.contains(&"tpm_tis".to_owned())
        );
        let always = contents.always("amd64");
        let place = |name: &str| always.iter().position(|module| module == name);
        for (first, then, why) in [
            (
                "sha256_ssse3",
                "dm_verity",
                "the fast hash must be there before verity picks one",
            ),
            (
                "crc32c_generic",
                "erofs",
                "erofs asks for crc32c when it is loaded",
            ),
            (
                "crc32c_generic",
                "ext4",
                "ext4 asks for crc32c when it is loaded",
            ),
        ] {
            assert!(
                place(first).is_some() && place(first) < place(then),
                "{first} before {then}: {why}"
            );
        }
    }
}
