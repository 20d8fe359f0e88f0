//! `buildroot/filters.toml`: what of the packages does not go into the image.

use super::entry::{Node, Tree};
use crate::error::{Error, Result};
use crate::file;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRules {
    drop: Vec<RawDrop>,
    #[serde(default)]
    modes: BTreeMap<String, String>,
    #[serde(default)]
    links: BTreeMap<String, String>,
    #[serde(default, rename = "firmware-never")]
    firmware_never: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDrop {
    what: String,
    paths: Vec<String>,
    #[serde(default)]
    keep: Vec<String>,
}

struct Drop {
    what: String,
    paths: GlobSet,
    keep: GlobSet,
}

/// Checked rules.
pub(crate) struct Rules {
    drops: Vec<Drop>,
    modes: BTreeMap<String, u32>,
    links: BTreeMap<String, String>,
    firmware_never: GlobSet,
}

fn globs(patterns: &[String], path: &Path) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(
            GlobBuilder::new(pattern)
                .literal_separator(true)
                .build()
                .map_err(Error::parse(path))?,
        );
    }
    set.build().map_err(Error::parse(path))
}

impl Rules {
    /// Parses the file's text.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self> {
        let raw: RawRules = toml::from_str(text).map_err(Error::parse(path))?;
        let drop = |raw: &RawDrop| {
            Ok(Drop {
                what: raw.what.clone(),
                paths: globs(&raw.paths, path)?,
                keep: globs(&raw.keep, path)?,
            })
        };
        let mode = |(name, mode): (String, String)| match u32::from_str_radix(&mode, 8) {
            Ok(bits) if bits <= 0o7777 => Ok((name, bits)),
            _ => Err(Error::Wrong(format!(
                "{}: mode {mode:?} of {name} is not octal permission bits",
                path.display()
            ))),
        };
        Ok(Self {
            drops: raw.drop.iter().map(drop).collect::<Result<_>>()?,
            modes: raw.modes.into_iter().map(mode).collect::<Result<_>>()?,
            links: raw.links,
            firmware_never: globs(&raw.firmware_never, path)?,
        })
    }

    /// Reads the file.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        Self::parse(&file::text(path)?, path)
    }

    /// Whether a firmware file (below `usr/lib/firmware`) stays out although a module names it.
    pub(crate) fn never(&self, firmware: &str) -> bool {
        self.firmware_never.is_match(firmware)
    }

    /// The rule that drops a path, if one does.
    pub(crate) fn dropped_by(&self, path: &str) -> Option<&str> {
        self.drops
            .iter()
            .find(|drop| drop.paths.is_match(path) && !drop.keep.is_match(path))
            .map(|drop| drop.what.as_str())
    }

    /// Drops, sets links, and removes links that lost their target and emptied folders.
    pub(crate) fn apply(&self, tree: &mut Tree) {
        let had_content: std::collections::BTreeSet<String> = tree
            .iter()
            .filter(|(_, e)| e.node != Node::Folder)
            .filter_map(|(p, _)| Some(p.rsplit_once('/')?.0.to_owned()))
            .collect();
        tree.retain(|path, entry| entry.node == Node::Folder || self.dropped_by(path).is_none());
        for (path, target) in &self.links {
            tree.put_link(path, target);
        }
        remove_dangling(tree, &["usr/lib/firmware/"]);
        remove_emptied(tree, &had_content);
    }

    /// Sets the modes; after the overlay, whose files have only what git keeps.
    pub(crate) fn set_modes(&self, tree: &mut Tree) -> Result<()> {
        for (path, mode) in &self.modes {
            if !tree.set_mode(path, *mode) {
                return Err(Error::Wrong(format!(
                    "filters.toml sets the mode of /{path}, which is not in the image: has its package changed?"
                )));
            }
        }
        Ok(())
    }
}

/// Links below `prefixes` whose target was dropped.
fn remove_dangling(tree: &mut Tree, prefixes: &[&str]) {
    loop {
        let dangling: Vec<String> = tree
            .iter()
            .filter(|(path, _)| prefixes.iter().any(|prefix| path.starts_with(prefix)))
            .filter_map(|(path, entry)| match &entry.node {
                Node::Symlink(target) => Some((path, Tree::resolve(path, target))),
                _ => None,
            })
            .filter(|(_, target)| tree.get(target).is_none())
            .map(|(path, _)| path.to_owned())
            .collect();
        if dangling.is_empty() {
            return;
        }
        for path in dangling {
            tree.remove(&path);
        }
    }
}

/// Folders that held something and hold nothing now, and those above them that were made for them only.
fn remove_emptied(tree: &mut Tree, had_content: &std::collections::BTreeSet<String>) {
    let mut emptied = had_content.clone();
    loop {
        let holding: std::collections::BTreeSet<String> = tree
            .iter()
            .filter_map(|(path, _)| Some(path.rsplit_once('/')?.0.to_owned()))
            .collect();
        let empty: Vec<String> = emptied
            .iter()
            .filter(|path| tree.get(path).is_some() && !holding.contains(*path))
            .cloned()
            .collect();
        if empty.is_empty() {
            return;
        }
        for path in empty {
            tree.remove(&path);
            if let Some((parent, _)) = path.rsplit_once('/') {
                emptied.insert(parent.to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
[[drop]]
what = "documentation"
paths = ["usr/share/doc/**", "**/*.la"]
keep = ["usr/share/doc/*/copyright"]
[[drop]]
what = "firmware"
paths = ["usr/lib/firmware/**"]
keep = ["usr/lib/firmware/rtl_nic/*"]
[modes]
"usr/bin/su" = "4755"
[links]
"usr/bin/awk" = "mawk"
"#;

    fn tree(files: &[&str]) -> Tree {
        let mut tree = Tree::default();
        for file in files {
            tree.put_bytes(file, 0o644, "x");
        }
        tree
    }

    #[test]
    fn paths_are_judged() {
        let rules = Rules::parse(RULES, Path::new("filters.toml")).expect("valid");
        let cases = [
            ("usr/share/doc/x/README", Some("documentation")),
            ("usr/share/doc/x/copyright", None),
            ("usr/share/doc/x/y/copyright", Some("documentation")),
            ("usr/lib/x/liba.la", Some("documentation")),
            ("usr/lib/firmware/a/b.bin", Some("firmware")),
            ("usr/lib/firmware/rtl_nic/b.fw", None),
            ("usr/bin/su", None),
        ];
        for (path, want) in cases {
            assert_eq!(rules.dropped_by(path), want, "{path}");
        }
    }

    #[test]
    fn applying_leaves_no_empty_folder_and_no_dangling_firmware_link() {
        let rules = Rules::parse(RULES, Path::new("filters.toml")).expect("valid");
        let mut tree = tree(&[
            "usr/share/doc/x/README",
            "usr/bin/su",
            "usr/lib/firmware/a/b.bin",
            "usr/lib/firmware/rtl_nic/c.fw",
        ]);
        tree.put_link("usr/lib/firmware/rtl_nic/d.fw", "../a/b.bin");
        tree.put_link("usr/lib/firmware/rtl_nic/e.fw", "d.fw");
        tree.put("var/empty", 0o755, Node::Folder);
        rules.apply(&mut tree);
        rules.set_modes(&mut tree).expect("there");
        let paths: Vec<&str> = tree
            .iter()
            .filter(|(_, e)| e.node != Node::Folder)
            .map(|(p, _)| p)
            .collect();
        assert_eq!(
            paths,
            ["usr/bin/awk", "usr/bin/su", "usr/lib/firmware/rtl_nic/c.fw"]
        );
        assert!(tree.get("usr/share/doc").is_none() && tree.get("var/empty").is_some());
        assert_eq!(tree.get("usr/bin/su").map(|e| e.mode), Some(0o4755));
    }

    #[test]
    fn a_mode_for_nothing_is_an_error() {
        let rules = Rules::parse(RULES, Path::new("filters.toml")).expect("valid");
        let error = rules
            .set_modes(&mut tree(&["usr/bin/x"]))
            .expect_err("no su")
            .to_string();
        assert!(error.contains("/usr/bin/su"), "{error}");
    }

    #[test]
    fn the_projects_own_rules_are_valid() {
        Rules::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../buildroot/filters.toml"))
            .expect("valid");
    }
}
