//! Firmware that the kept modules ask for.

use crate::error::Result;
use crate::tree::{Node, Tree};
use std::collections::{BTreeMap, BTreeSet};

const FOLDER: &str = "usr/lib/firmware/";

/// Puts back from `packages` what `wanted` (names as modules give them) means, with the files that links lead to.
pub(crate) fn install(
    tree: &mut Tree,
    packages: &Tree,
    wanted: &BTreeSet<String>,
) -> Result<usize> {
    let there: BTreeSet<&str> = packages
        .iter()
        .filter(|(_, entry)| entry.node != Node::Folder)
        .filter_map(|(path, _)| path.strip_prefix(FOLDER))
        .collect();
    let chosen = choose(&there, wanted)?;
    let count = chosen.len();
    for name in chosen {
        put_with_targets(tree, packages, &format!("{FOLDER}{name}"));
    }
    Ok(count)
}

/// Copies an entry and, when it is a link, what it leads to.
fn put_with_targets(tree: &mut Tree, packages: &Tree, path: &str) {
    let mut path = path.to_owned();
    // A chain of links is short; the limit is for a loop.
    for _ in 0..8 {
        let Some(entry) = packages.get(&path) else {
            return;
        };
        tree.put(&path, entry.mode, entry.node.clone());
        let Node::Symlink(target) = &entry.node else {
            return;
        };
        path = Tree::resolve(&path, target);
    }
}

/// The files among `there` that `wanted` means: by name, by pattern, or the nearest older interface version, which is what
/// Intel's Wi-Fi driver falls back to when the one it names was not published.
fn choose<'a>(there: &BTreeSet<&'a str>, wanted: &BTreeSet<String>) -> Result<BTreeSet<&'a str>> {
    let mut families: BTreeMap<&str, BTreeMap<u32, &'a str>> = BTreeMap::new();
    for name in there {
        if let Some((family, version)) = versioned(name) {
            families.entry(family).or_default().insert(version, name);
        }
    }
    let mut chosen = BTreeSet::new();
    for want in wanted {
        if let Some(name) = there.get(want.as_str()) {
            chosen.insert(*name);
        } else if let Some((family, version)) = versioned(want) {
            chosen.extend(
                families
                    .get(family)
                    .and_then(|versions| Some(*versions.range(..=version).next_back()?.1)),
            );
        } else if want.contains(['*', '?', '[']) {
            let pattern = globset::Glob::new(want).map_err(crate::error::Error::parse(
                std::path::Path::new("a module's list of firmware"),
            ))?;
            let matcher = pattern.compile_matcher();
            chosen.extend(there.iter().filter(|name| matcher.is_match(name)));
        }
    }
    // A driver names the newest version of a family it knows, and older ones for older systems: one is enough.
    let mut newest: BTreeMap<&str, u32> = BTreeMap::new();
    for (family, version) in chosen.iter().filter_map(|name| versioned(name)) {
        newest
            .entry(family)
            .and_modify(|newest| *newest = version.max(*newest))
            .or_insert(version);
    }
    chosen.retain(|name| {
        versioned(name).is_none_or(|(family, version)| newest.get(family) == Some(&version))
    });
    Ok(chosen)
}

/// `iwlwifi-so-a0-gf-a0-89.ucode` and `rtw89/rtw8922a_fw-3.bin` (whose first version has no number) → family and version.
fn versioned(name: &str) -> Option<(&str, u32)> {
    if let Some(name) = name.strip_suffix(".ucode") {
        let (family, version) = name.rsplit_once('-')?;
        return Some((family, version.parse().ok()?));
    }
    let name = name.strip_suffix(".bin")?;
    if name.ends_with("_fw") {
        return Some((name, 0));
    }
    let (family, version) = name.rsplit_once('-')?;
    family
        .ends_with("_fw")
        .then_some((family, version.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_chosen() {
        let there = BTreeSet::from([
            "iwlwifi-ty-59.ucode",
            "iwlwifi-ty-89.ucode",
            "iwlwifi-ty-92.ucode",
            "iwlwifi-old-5.ucode",
            "rtl_nic/a.fw",
            "rtl_nic/b.fw",
            "i915/x_guc_70.bin",
            "rtw89/a_fw.bin",
            "rtw89/a_fw-1.bin",
            "z.bin",
        ]);
        let cases: [(&str, &[&str], &[&str]); 7] = [
            ("by name", &["rtl_nic/a.fw"], &["rtl_nic/a.fw"]),
            (
                "by pattern",
                &["rtl_nic/*.fw"],
                &["rtl_nic/a.fw", "rtl_nic/b.fw"],
            ),
            (
                "nearest older version",
                &["iwlwifi-ty-90.ucode"],
                &["iwlwifi-ty-89.ucode"],
            ),
            (
                "newest of several",
                &["iwlwifi-ty-59.ucode", "iwlwifi-ty-89.ucode"],
                &["iwlwifi-ty-89.ucode"],
            ),
            (
                "newest of Realtek's",
                &["rtw89/a_fw.bin", "rtw89/a_fw-1.bin", "rtw89/a_fw-2.bin"],
                &["rtw89/a_fw-1.bin"],
            ),
            ("nothing old enough", &["iwlwifi-ty-10.ucode"], &[]),
            ("not there", &["q.bin"], &[]),
        ];
        for (name, wanted, want) in cases {
            let wanted = wanted.iter().map(|w| (*w).to_owned()).collect();
            assert_eq!(
                choose(&there, &wanted)
                    .expect("chosen")
                    .into_iter()
                    .collect::<Vec<_>>(),
                want,
                "{name}"
            );
        }
    }

    #[test]
    fn links_bring_their_targets() {
        let mut packages = Tree::default();
        packages.put_bytes("usr/lib/firmware/a/real.bin", 0o644, "x");
        packages.put_link("usr/lib/firmware/b/alias.bin", "../a/real.bin");
        packages.put_bytes("usr/lib/firmware/other.bin", 0o644, "y");
        let mut tree = Tree::default();
        install(
            &mut tree,
            &packages,
            &BTreeSet::from(["b/alias.bin".to_owned()]),
        )
        .expect("installed");
        assert!(
            tree.content("usr/lib/firmware/b/alias.bin").is_some()
                && tree.get("usr/lib/firmware/other.bin").is_none()
        );
    }
}
