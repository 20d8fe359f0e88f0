//! `[modules.<arch>]` of `buildroot/packages.toml`: kernel modules of our own, and what builds them.

use super::lock::Lock;
use super::patterns::Patterns;
use super::wanted::Wanted;
use crate::error::{Error, Result};
use serde::Deserialize;

/// What stands for the locked kernel as `uname -r` has it, and for that without its architecture.
const RELEASE: &str = "{release}";
const VERSION: &str = "{version}";

/// The table as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RawOwnModules {
    sources: Vec<String>,
    cross_compile: String,
    compiler: String,
    packages: Vec<String>,
    headers: Vec<String>,
    #[serde(default)]
    backports: Vec<String>,
    #[serde(default)]
    without: Vec<String>,
}

/// Kernel modules of our own for one architecture.
#[derive(Debug, Clone)]
pub(crate) struct OwnModules {
    /// The architecture, in Debian's words.
    pub(crate) arch: String,
    /// Folders of `buildroot/modules`, each with one module of its name.
    pub(crate) sources: Vec<String>,
    /// What the names of the compiler's own tools begin with.
    pub(crate) cross_compile: String,
    /// The compiler, of the series that compiled the kernel.
    pub(crate) compiler: String,
    packages: Vec<String>,
    headers: Vec<String>,
    backports: Patterns,
    without: Vec<String>,
}

impl OwnModules {
    pub(super) fn checked(arch: &str, raw: &RawOwnModules) -> Result<Self> {
        let table = format!("buildroot/packages.toml: [modules.{arch}]");
        let plain = |text: &str, more: &[char]| {
            let good = |c: char| c.is_ascii_alphanumeric() || more.contains(&c);
            !text.is_empty() && text.chars().all(good)
        };
        if raw.sources.is_empty() || !raw.sources.iter().all(|name| plain(name, &['_'])) {
            return Err(Error::Wrong(format!(
                "{table} sources: names of folders in buildroot/modules are wanted, of letters, digits and `_`"
            )));
        }
        for name in [&raw.cross_compile, &raw.compiler] {
            if !plain(name, &['-', '_', '.']) {
                return Err(Error::Wrong(format!(
                    "{table} cross-compile, compiler: {name:?} cannot be a compiler's name"
                )));
            }
        }
        if !raw.headers.iter().any(|name| name.contains(RELEASE)) {
            return Err(Error::Wrong(format!(
                "{table} headers: none of them is of exactly one kernel: name it with {RELEASE}"
            )));
        }
        Ok(Self {
            arch: arch.to_owned(),
            sources: raw.sources.clone(),
            cross_compile: raw.cross_compile.clone(),
            compiler: raw.compiler.clone(),
            packages: raw.packages.clone(),
            headers: raw.headers.clone(),
            backports: Patterns::new(&format!("{table} backports"), &raw.backports)?,
            without: raw.without.clone(),
        })
    }

    /// The name of the lock of what builds them on such a host.
    pub(crate) fn lock_name(&self, host: &str) -> String {
        format!("modules-{}-on-{host}", self.arch)
    }

    /// What has to be locked for the kernel `release`.
    pub(crate) fn wanted(&self, release: &str) -> Wanted {
        let names = |names: &[String]| {
            names
                .iter()
                .map(|name| self.filled(name, release))
                .collect()
        };
        Wanted {
            packages: names(&self.packages),
            alone: names(&self.headers),
            backports: self.backports.clone(),
            without: self.without.iter().cloned().collect(),
        }
    }

    /// Whether a lock is of what builds them for the kernel `release`.
    pub(crate) fn check(&self, lock: &Lock, release: &str) -> Result<()> {
        let headers = self.headers.iter().map(|name| self.filled(name, release));
        let missing: Vec<String> = headers
            .map(|name| name.split(':').next().unwrap_or_default().to_owned())
            .filter(|name| !lock.packages.iter().any(|package| package.name == *name))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::Wrong(format!(
            "kernel modules of ours are built for the locked kernel {release}, and the lock of what builds them has no {}: run `holdfast build lock`",
            missing.join(", ")
        )))
    }

    fn filled(&self, name: &str, release: &str) -> String {
        let version = release
            .strip_suffix(&format!("-{}", self.arch))
            .unwrap_or(release);
        name.replace(RELEASE, release).replace(VERSION, version)
    }
}

/// The kernel that a lock has, as `uname -r` has it.
pub(crate) fn kernel(lock: &Lock) -> Option<&str> {
    let names = lock.packages.iter().map(|package| package.name.as_str());
    let mut kernels = names.filter_map(|name| name.strip_prefix("linux-image-"));
    kernels.find(|name| name.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::super::lock::tests::package;
    use super::*;

    const TABLE: &str = r#"
sources = ["holdfast_tryboot"]
cross-compile = "aarch64-linux-gnu-"
compiler = "aarch64-linux-gnu-gcc-14"
packages = ["make", "linux-kbuild-{version}"]
headers = ["linux-headers-{release}:arm64", "linux-headers-{version}-common"]
backports = ["linux-kbuild-*", "linux-headers-*"]
without = ["debconf"]
"#;

    fn checked(text: &str) -> Result<OwnModules> {
        OwnModules::checked("arm64", &toml::from_str(text).expect("a table"))
    }

    fn lock(names: &[&str]) -> Lock {
        Lock {
            packages: names.iter().map(|name| package(name, "1")).collect(),
        }
    }

    #[test]
    fn what_builds_them_follows_the_kernel() {
        let modules = checked(TABLE).expect("valid");
        let wanted = modules.wanted("7.3.4+deb13-arm64");
        let names: Vec<_> = wanted.packages.iter().map(String::as_str).collect();
        assert_eq!(names, ["linux-kbuild-7.3.4+deb13", "make"]);
        let alone: Vec<_> = wanted.alone.iter().map(String::as_str).collect();
        assert_eq!(
            alone,
            [
                "linux-headers-7.3.4+deb13-arm64:arm64",
                "linux-headers-7.3.4+deb13-common"
            ]
        );
        assert_eq!(modules.lock_name("amd64"), "modules-arm64-on-amd64");
        let headers = lock(&[
            "linux-headers-7.3.4+deb13-arm64",
            "linux-headers-7.3.4+deb13-common",
        ]);
        modules.check(&headers, "7.3.4+deb13-arm64").expect("these");
        let error = modules.check(&headers, "7.3.5+deb13-arm64");
        let said = error.expect_err("another kernel").to_string();
        assert!(
            said.contains("no linux-headers-7.3.5+deb13-arm64, linux-headers-7.3.5+deb13-common")
                && said.contains("holdfast build lock"),
            "{said}"
        );
    }

    #[test]
    fn a_lock_says_which_kernel_it_has() {
        for (names, want) in [
            (
                &["linux-image-7.3.4+deb13-arm64"][..],
                Some("7.3.4+deb13-arm64"),
            ),
            (
                &["bash", "linux-image-arm64", "linux-image-6.12-arm64"],
                Some("6.12-arm64"),
            ),
            (&["linux-image-arm64"], None),
        ] {
            assert_eq!(kernel(&lock(names)), want, "{names:?}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        for (from, to, want) in [
            (
                "\"holdfast_tryboot\"",
                "\"../x\"",
                "sources: names of folders",
            ),
            ("\"holdfast_tryboot\"", "", "sources: names of folders"),
            ("-gcc-14", "-gcc 14", "cannot be a compiler's name"),
            ("-{release}:arm64", "", "name it with {release}"),
            ("linux-kbuild-*", "*", "[modules.arm64] backports: \"*\""),
        ] {
            let error = checked(&TABLE.replacen(from, to, 1)).expect_err(want);
            assert!(error.to_string().contains(want), "{want}: {error}");
        }
    }
}
