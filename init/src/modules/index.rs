//! `modules.dep` and `modules.alias`: which modules an alias means, and the order in which they must be loaded.

use super::glob;
use std::collections::{BTreeMap, BTreeSet};

/// The modules of one kernel. Modules are named by their file's name without endings, `-` written as `_`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    modules: BTreeMap<String, Module>,
    aliases: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Module {
    path: String,
    needs: Vec<String>,
}

impl Index {
    /// Reads the two files; lines that make no sense are passed over, as the tools that write them do.
    pub fn parse(dep: &str, alias: &str) -> Self {
        let modules = dep
            .lines()
            .filter_map(|line| line.split_once(':'))
            .map(|(path, needs)| {
                let needs = needs.split_ascii_whitespace().map(name).collect();
                (
                    name(path),
                    Module {
                        path: path.trim().to_owned(),
                        needs,
                    },
                )
            })
            .collect();
        let aliases = alias
            .lines()
            .filter_map(|line| line.trim().strip_prefix("alias "))
            .filter_map(|line| line.trim().rsplit_once(' '))
            .map(|(pattern, module)| (pattern.trim().to_owned(), name(module)))
            .collect();
        Self { modules, aliases }
    }

    /// The modules that an alias, or a module's own name, means.
    pub fn wanted_by(&self, alias: &str) -> BTreeSet<&str> {
        let own = name(alias);
        let own = self
            .modules
            .get_key_value(&own)
            .map(|(name, _)| name.as_str());
        self.aliases
            .iter()
            .filter(|(pattern, _)| glob::matches(pattern, alias))
            .map(|(_, module)| module.as_str())
            .chain(own)
            .collect()
    }

    /// A module and all it needs as `(name, path below the modules folder)`, each behind those it needs; what is not in
    /// the index is left out.
    pub fn in_order<'a>(&'a self, module: &str) -> Vec<(&'a str, &'a str)> {
        let mut order = Vec::new();
        let mut seen = BTreeSet::new();
        self.visit(module, &mut seen, &mut order);
        order
    }

    fn visit<'a>(
        &'a self,
        module: &str,
        seen: &mut BTreeSet<&'a str>,
        order: &mut Vec<(&'a str, &'a str)>,
    ) {
        let Some((name, entry)) = self.modules.get_key_value(module) else {
            return;
        };
        if !seen.insert(name) {
            return;
        }
        for need in &entry.needs {
            self.visit(need, seen, order);
        }
        order.push((name, &entry.path));
    }
}

fn name(path: &str) -> String {
    let file = path.trim().rsplit('/').next().unwrap_or_default();
    file.split(".ko")
        .next()
        .unwrap_or_default()
        .replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::Index;
    use proptest::prelude::*;

    const DEP: &str = "\
kernel/drivers/block/virtio_blk.ko: kernel/drivers/virtio/virtio_ring.ko kernel/drivers/virtio/virtio.ko
kernel/drivers/virtio/virtio_ring.ko: kernel/drivers/virtio/virtio.ko
kernel/drivers/virtio/virtio.ko:
kernel/md/dm-verity.ko.xz: kernel/md/dm-mod.ko.xz
kernel/md/dm-mod.ko.xz:
";
    const ALIAS: &str = "\
# Aliases extracted from modules themselves.
alias virtio:d00000002v* virtio_blk
alias crypto-sha256 sha256_generic
alias dm-verity dm_verity
nonsense
";

    #[test]
    fn what_is_needed_comes_first_and_once() {
        let index = Index::parse(DEP, ALIAS);
        let names = |module| {
            index
                .in_order(module)
                .into_iter()
                .map(|(n, _)| n)
                .collect::<Vec<_>>()
        };
        assert_eq!(names("virtio_blk"), ["virtio", "virtio_ring", "virtio_blk"]);
        assert_eq!(names("dm_verity"), ["dm_mod", "dm_verity"]);
        assert_eq!(names("unknown"), Vec::<&str>::new());
        assert_eq!(index.in_order("dm_mod")[0].1, "kernel/md/dm-mod.ko.xz");
    }

    #[test]
    fn aliases_and_names_mean_modules() {
        let index = Index::parse(DEP, ALIAS);
        for (alias, expected) in [
            ("virtio:d00000002v00001AF4", vec!["virtio_blk"]),
            ("crypto-sha256", vec!["sha256_generic"]),
            ("dm-verity", vec!["dm_verity"]),
            ("virtio", vec!["virtio"]),
            ("pci:x", vec![]),
        ] {
            assert_eq!(
                index.wanted_by(alias).into_iter().collect::<Vec<_>>(),
                expected,
                "{alias}"
            );
        }
    }

    #[test]
    fn a_circle_ends() {
        let index = Index::parse("a.ko: b.ko\nb.ko: a.ko\n", "");
        assert_eq!(index.in_order("a").len(), 2);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(dep in "[a-c/.: \nko-]{0,200}", alias in "[alis *?\n]{0,200}") {
            let index = Index::parse(&dep, &alias);
            for module in ["a", "b", "c", ""] {
                let _ = index.in_order(module);
                let _ = index.wanted_by(module);
            }
        }
    }
}
