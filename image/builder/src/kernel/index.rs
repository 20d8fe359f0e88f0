//! `modules.dep` and `modules.alias`, and the part of them that the initramfs carries.

use crate::error::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// A module's name: its file name without endings, `-` written as `_`.
pub(super) fn name(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path).trim();
    file.split_once(".ko")
        .map_or(file, |(stem, _)| stem)
        .replace('-', "_")
}

/// What depmod found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// Name to path and the paths of all it needs.
    modules: BTreeMap<String, (String, Vec<String>)>,
    aliases: Vec<(String, String)>,
    /// Names that are in the kernel itself.
    builtin: BTreeSet<String>,
}

impl Index {
    /// Reads `modules.dep`, `modules.alias` and `modules.builtin`.
    pub(crate) fn parse(dep: &str, alias: &str, builtin: &str) -> Self {
        let modules = dep
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(path, needs)| {
                (
                    name(path),
                    (
                        path.to_owned(),
                        needs.split_whitespace().map(str::to_owned).collect(),
                    ),
                )
            })
            .collect();
        let aliases = alias
            .lines()
            .filter_map(|line| line.strip_prefix("alias ")?.rsplit_once(' '))
            .map(|(pattern, module)| (pattern.to_owned(), name(module)))
            .collect();
        Self {
            modules,
            aliases,
            builtin: builtin.lines().map(name).collect(),
        }
    }

    /// The index of these modules and all they need.
    pub(crate) fn subset(&self, wanted: &[String]) -> Result<Self> {
        let mut names = BTreeSet::new();
        // What is in the kernel needs no file; the same list serves kernels that differ in this.
        let unknown = self.missing(wanted);
        for wanted in wanted {
            if let Some((_, needs)) = self.modules.get(&name(wanted)) {
                names.insert(name(wanted));
                names.extend(needs.iter().map(|path| name(path)));
            }
        }
        if !unknown.is_empty() {
            return Err(Error::Wrong(format!(
                "the initramfs wants modules that the image does not have: {}; correct the board's list, or keep them in filters.toml",
                unknown.join(", ")
            )));
        }
        Ok(Self {
            modules: self
                .modules
                .iter()
                .filter(|(name, _)| names.contains(*name))
                .map(|(n, m)| (n.clone(), m.clone()))
                .collect(),
            aliases: self
                .aliases
                .iter()
                .filter(|(_, module)| names.contains(module))
                .cloned()
                .collect(),
            builtin: BTreeSet::new(),
        })
    }

    /// Those of `wanted` that are neither modules nor in the kernel.
    pub(crate) fn missing<'a>(&self, wanted: impl IntoIterator<Item = &'a String>) -> Vec<&'a str> {
        let there = |wanted: &str| {
            self.modules.contains_key(&name(wanted)) || self.builtin.contains(&name(wanted))
        };
        wanted
            .into_iter()
            .map(String::as_str)
            .filter(|wanted| !there(wanted))
            .collect()
    }

    /// Names of those of `wanted` that are modules.
    pub(crate) fn loadable<'a>(&self, wanted: &'a [String]) -> Vec<&'a str> {
        wanted
            .iter()
            .filter(|wanted| self.modules.contains_key(&name(wanted)))
            .map(String::as_str)
            .collect()
    }

    /// Paths of all modules, below the modules folder.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.modules.values().map(|(path, _)| path.as_str())
    }

    /// Text of `modules.dep`.
    pub(crate) fn dep(&self) -> String {
        self.modules
            .values()
            .fold(String::new(), |mut text, (path, needs)| {
                // Writing to a String cannot fail.
                let _ = write!(text, "{path}:");
                needs.iter().for_each(|need| text.extend([" ", need]));
                text.push('\n');
                text
            })
    }

    /// Text of `modules.alias`.
    pub(crate) fn alias(&self) -> String {
        self.aliases
            .iter()
            .fold(String::new(), |mut text, (pattern, module)| {
                let _ = writeln!(text, "alias {pattern} {module}");
                text
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEP: &str = "kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/lib/crc16.ko\nkernel/fs/jbd2/jbd2.ko:\nkernel/lib/crc16.ko:\nkernel/x-y.ko:\n";
    const ALIAS: &str = "# Aliases\nalias fs-ext4 ext4\nalias pci:v1 x_y\n";

    #[test]
    fn a_subset_has_what_its_modules_need_and_their_aliases() {
        let subset = Index::parse(DEP, ALIAS, "kernel/drivers/virtio/virtio_pci.ko\n")
            .subset(&["ext4".into(), "virtio-pci".into()])
            .expect("known");
        let want = "kernel/lib/crc16.ko:\nkernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/lib/crc16.ko\nkernel/fs/jbd2/jbd2.ko:\n";
        assert_eq!(subset.dep(), want);
        assert_eq!(subset.alias(), "alias fs-ext4 ext4\n");
    }

    #[test]
    fn names_are_spelled_either_way_and_unknown_ones_are_told() {
        let index = Index::parse(DEP, ALIAS, "kernel/drivers/virtio/virtio_pci.ko\n");
        assert_eq!(
            index
                .subset(&["x-y".into()])
                .expect("known")
                .paths()
                .collect::<Vec<_>>(),
            ["kernel/x-y.ko"]
        );
        let error = index
            .subset(&["ext4".into(), "nvme".into()])
            .expect_err("nvme")
            .to_string();
        assert!(error.contains("does not have: nvme"), "{error}");
    }
}
