//! `buildroot/packages.toml`: the wanted packages by the job they do.

use super::own_modules::{OwnModules, RawOwnModules};
use super::patterns::Patterns;
use super::wanted::Wanted;
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
    #[serde(default)]
    modules: BTreeMap<String, RawOwnModules>,
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
    /// Patterns of packages that are taken from the suite's backports.
    #[serde(default)]
    backports: Vec<String>,
}

impl Names {
    fn backports(&self, arch: &str) -> Result<Patterns> {
        let place = format!("buildroot/packages.toml: [arch.{arch}] backports");
        Patterns::new(&place, &self.backports)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tools {
    packages: Vec<String>,
    without: Vec<String>,
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
        for (arch, names) in &list.arch {
            names.backports(arch)?;
        }
        for arch in list.modules.keys() {
            list.own_modules(arch)?;
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
            backports: own.backports(arch)?,
            alone: BTreeSet::new(),
            without: self.without.values().flatten().cloned().collect(),
        })
    }

    /// What the build itself runs.
    pub(crate) fn tools(&self) -> Wanted {
        Wanted {
            packages: self.tools.packages.iter().cloned().collect(),
            without: self.tools.without.iter().cloned().collect(),
            ..Wanted::default()
        }
    }

    /// The kernel modules of ours that an architecture's image has, if there are any.
    pub(crate) fn own_modules(&self, arch: &str) -> Result<Option<OwnModules>> {
        let Some(raw) = self.modules.get(arch) else {
            return Ok(None);
        };
        if !self.arch.contains_key(arch) {
            return Err(Error::Wrong(format!(
                "buildroot/packages.toml has [modules.{arch}] and no [arch.{arch}], whose kernel they are for"
            )));
        }
        OwnModules::checked(arch, raw).map(Some)
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

    const MODULES: &str = r#"
[modules.arm64]
sources = ["x"]
cross-compile = "x-"
compiler = "x-gcc"
packages = ["make"]
headers = ["linux-headers-{release}"]
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
    fn an_architectures_backports_are_its_own() {
        let text = LIST.replace(
            "-amd64\"]",
            "-amd64\"]\nbackports = [\"linux-*\"]\n[arch.arm64]\npackages = []",
        );
        let list = PackageList::parse(&text, Path::new("packages.toml")).expect("valid");
        let backports = |arch| list.root(arch).expect("known").backports;
        assert!(backports("amd64").matches("linux-image-amd64"));
        assert!(backports("arm64").is_empty() && list.tools().backports.is_empty());
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
            (
                "everything from backports",
                LIST.replace("-amd64\"]", "-amd64\"]\nbackports = [\"*\"]"),
                "[arch.amd64] backports: \"*\" names no packages",
            ),
            (
                "modules without a kernel",
                format!("{LIST}{}", MODULES.replace("arm64]", "riscv64]")),
                "no [arch.riscv64]",
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
