//! `buildroot/packages.toml`: the wanted packages by the job they do.

use crate::error::{Error, Result};
use crate::file;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The file as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PackageList {
    /// Debian release by code name.
    pub(crate) suite: String,
    /// Archive components.
    pub(crate) components: Vec<String>,
    group: Vec<Group>,
    arch: BTreeMap<String, Names>,
    without: BTreeMap<String, Vec<String>>,
    tools: Tools,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    name: String,
    why: String,
    packages: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    packages: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tools {
    packages: Vec<String>,
    without: Vec<String>,
}

/// Names to resolve, and names to leave out of what was resolved.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) packages: BTreeSet<String>,
    pub(crate) without: BTreeSet<String>,
}

impl PackageList {
    /// Parses the file's text.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self> {
        let list: Self = toml::from_str(text).map_err(Error::parse(path))?;
        for group in &list.group {
            if group.why.trim().is_empty() {
                return Err(Error::Wrong(format!(
                    "{}: group {:?} does not say why it is there",
                    path.display(),
                    group.name
                )));
            }
        }
        Ok(list)
    }

    /// Reads the file.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        Self::parse(&file::text(path)?, path)
    }

    /// What the root file system of an architecture wants.
    pub(crate) fn root(&self, arch: &str) -> Result<Wanted> {
        let own = self.arch.get(arch).ok_or_else(|| {
            let known: Vec<&str> = self.arch.keys().map(String::as_str).collect();
            Error::Wrong(format!(
                "buildroot/packages.toml has no [arch.{arch}]; it knows {}",
                known.join(", ")
            ))
        })?;
        let packages = self
            .group
            .iter()
            .flat_map(|group| &group.packages)
            .chain(&own.packages)
            .cloned()
            .collect();
        Ok(Wanted {
            packages,
            without: self.without.values().flatten().cloned().collect(),
        })
    }

    /// What the build itself runs.
    pub(crate) fn tools(&self) -> Wanted {
        Wanted {
            packages: self.tools.packages.iter().cloned().collect(),
            without: self.tools.without.iter().cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"
suite = "trixie"
components = ["main"]
[[group]]
name = "base"
why = "a shell"
packages = ["bash"]
[arch.amd64]
packages = ["linux-image-amd64"]
[without]
scripts = ["perl-base"]
[tools]
packages = ["erofs-utils"]
without = ["debconf"]
"#;

    #[test]
    fn groups_and_architecture_are_joined() {
        let list = PackageList::parse(LIST, Path::new("packages.toml")).expect("valid");
        let root = list.root("amd64").expect("known");
        assert_eq!(
            root.packages.into_iter().collect::<Vec<_>>(),
            ["bash", "linux-image-amd64"]
        );
        assert!(root.without.contains("perl-base"));
        assert!(
            list.root("riscv64")
                .expect_err("unknown")
                .to_string()
                .contains("it knows amd64")
        );
    }

    #[test]
    fn mistakes_are_named() {
        let cases = [
            ("unknown key", LIST.replace("suite", "suit"), "suit"),
            (
                "no reason",
                LIST.replace("a shell", " "),
                "does not say why",
            ),
        ];
        for (name, text, want) in cases {
            let error = PackageList::parse(&text, Path::new("packages.toml")).expect_err(name);
            let shown = format!("{error} {:?}", std::error::Error::source(&error));
            assert!(shown.contains(want), "{name}: {shown}");
        }
    }

    #[test]
    fn the_projects_own_list_is_valid() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../buildroot/packages.toml");
        let list = PackageList::load(&path).expect("valid");
        assert!(list.root("amd64").is_ok() && list.root("arm64").is_ok());
    }
}
