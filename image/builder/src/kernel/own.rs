//! Kernel modules of our own, for exactly the kernel of the image.
//!
//! The kernel's build system calls compiler, linker and shell by their names, so they cannot be started one by one as other locked
//! tools are: it runs with the folder that they were unpacked to as its root, and sees nothing of the host.

use super::information::values;
use crate::cache::Cache;
use crate::digest::Key;
use crate::error::{Error, Result};
use crate::file;
use crate::packages::{Lock, OwnModules, deb};
use crate::program::Program;
use crate::tree::{Content, Node, Tree};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Raised when this code builds them differently.
const REVISION: u32 = 1;
/// Where they are, below the folder of the kernel's modules: the kernel's own name for those that it did not bring.
const FOLDER: &str = "extra";

/// What they are built of, and with.
pub(crate) struct Own<'a> {
    pub(crate) modules: &'a OwnModules,
    /// Compiler and headers.
    pub(crate) lock: &'a Lock,
    /// The folder of locked packages.
    pub(crate) debs: &'a Path,
    /// `buildroot/modules` of the checkout.
    pub(crate) sources: PathBuf,
}

impl Own<'_> {
    /// Builds them for the kernel of `packages`, and puts them there as if its package had brought them.
    pub(crate) fn add(&self, packages: &mut Tree, cache: &Cache) -> Result<()> {
        let release = super::release(packages)?;
        self.modules.check(self.lock, &release)?;
        let built = cache.get("own-modules", &self.key(&release)?, |folder| {
            self.build(&release, folder)
        })?;
        for name in &self.modules.sources {
            let file = format!("{name}.ko");
            let path = format!("usr/lib/modules/{release}/{FOLDER}/{file}");
            let content = Content::file(&built.join(&file))?;
            packages.put(&path, 0o644, Node::File(content));
        }
        Ok(())
    }

    /// Everything that decides about their bytes.
    fn key(&self, release: &str) -> Result<String> {
        let mut key = Key::new("own-modules", REVISION)
            .with("release", release)
            .with("cross-compile", &self.modules.cross_compile)
            .with("compiler", &self.modules.compiler);
        for package in &self.lock.packages {
            key = key.with(&package.name, &package.sha256);
        }
        for name in &self.modules.sources {
            for path in files(&self.sources.join(name))? {
                let place = path.strip_prefix(&self.sources).unwrap_or(&path);
                key = key.with_file(&place.to_string_lossy(), &path)?;
            }
        }
        Ok(key.finish())
    }

    /// Unpacks the tools, builds each module, and keeps nothing else.
    fn build(&self, release: &str, folder: &Path) -> Result<()> {
        let tools = tempfile::tempdir_in(folder).map_err(Error::write(folder))?;
        self.unpack(tools.path())?;
        let inside = Inside::of(tools.path())?;
        for name in &self.modules.sources {
            let work = tools.path().join("module").join(name);
            file::folder(&work)?;
            for path in files(&self.sources.join(name))? {
                let target = work.join(path.file_name().unwrap_or_default());
                std::fs::copy(&path, &target).map_err(Error::write(&target))?;
            }
            self.make(&inside, name, release)?;
            let made = file::read(&work.join(format!("{name}.ko")))?;
            check(name, &made, release)?;
            file::write(&folder.join(format!("{name}.ko")), &made)?;
        }
        Ok(())
    }

    fn unpack(&self, tools: &Path) -> Result<()> {
        for package in &self.lock.packages {
            Program::new("dpkg-deb")
                .arg("-x")
                .arg(deb(self.debs, package))
                .arg(tools)
                .stdout()?;
        }
        // What maintainer scripts would have chosen.
        for (name, program) in [("usr/bin/sh", "bash"), ("usr/bin/awk", "gawk")] {
            let link = tools.join(name);
            if link.symlink_metadata().is_err() {
                symlink(program, &link).map_err(Error::write(&link))?;
            }
        }
        // An ordinary user cannot make the device; a file that takes what is not wanted will do.
        file::write(&tools.join("dev/null"), b"")
    }

    /// Has the kernel's own build system compile it, and strips what only a debugger reads.
    fn make(&self, inside: &Inside<'_>, name: &str, release: &str) -> Result<()> {
        let (compiler, tools) = (&self.modules.compiler, &self.modules.cross_compile);
        inside
            .program("/usr/bin/make")
            .args(["-C", &format!("/usr/src/linux-headers-{release}")])
            .arg(format!("M=/module/{name}"))
            .arg(format!("ARCH={}", kernels_word(&self.modules.arch)))
            .arg(format!("CROSS_COMPILE={tools}"))
            .arg(format!("CC={compiler}"))
            // Nothing of who builds when gets in.
            .args([
                "KBUILD_BUILD_TIMESTAMP=@0",
                "KBUILD_BUILD_USER=holdfast",
                "KBUILD_BUILD_HOST=holdfast",
                "modules",
            ])
            .stdout()?;
        inside
            .program(&format!("/usr/bin/{tools}strip"))
            .args(["--strip-debug", &format!("/module/{name}/{name}.ko")])
            .stdout()?;
        Ok(())
    }
}

/// A folder that programs have as their root.
struct Inside<'a> {
    folder: &'a Path,
    /// What makes an ordinary user root of that folder.
    user: Option<&'static str>,
}

impl<'a> Inside<'a> {
    /// Finds out whether this machine lets us do that.
    fn of(folder: &'a Path) -> Result<Self> {
        let root = rustix::process::geteuid().is_root();
        let user = (!root).then_some("--map-root-user");
        let inside = Self { folder, user };
        let tried = inside.program("/usr/bin/true").stdout();
        tried.map_err(|error| {
            Error::Wrong(format!(
                "kernel modules of ours cannot be built here: locked tools need a root of their own, and {error}\n\
                 An ordinary user needs user namespaces for that (kernel.unprivileged_userns_clone=1, on Ubuntu \
                 kernel.apparmor_restrict_unprivileged_userns=0); root needs none"
            ))
        })?;
        Ok(inside)
    }

    /// A program in there, with an environment of its own.
    fn program(&self, path: &str) -> Program {
        Program::new("unshare")
            .args(self.user)
            .arg("--root")
            .arg(self.folder)
            .args(["--wd", "/"])
            .args([
                "/usr/bin/env",
                "-i",
                "PATH=/usr/bin",
                "LC_ALL=C.UTF-8",
                "TZ=UTC",
            ])
            .arg(path)
    }
}

/// An architecture of Debian's in the words of the kernel's build system.
fn kernels_word(arch: &str) -> &str {
    match arch {
        "amd64" => "x86_64",
        same => same,
    }
}

/// Whether the kernel of this release will take it.
fn check(name: &str, module: &[u8], release: &str) -> Result<()> {
    let magic = values(module, "vermagic");
    let is_for = |magic: &String| magic.split_whitespace().next() == Some(release);
    if magic.iter().any(is_for) {
        return Ok(());
    }
    Err(Error::Wrong(format!(
        "module {name} was built for {magic:?}, the image has {release}: run `holdfast build lock`"
    )))
}

/// The files of a module's folder, in order.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(Error::read(folder))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut paths: Vec<PathBuf> = paths
        .collect::<std::io::Result<_>>()
        .map_err(Error::read(folder))?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::super::information::tests::module;
    use super::check;

    #[test]
    fn a_module_for_another_kernel_is_refused() {
        let magic = |release: &str| {
            module(&format!(
                "vermagic={release} SMP preempt mod_unload aarch64"
            ))
        };
        for (name, built, good) in [
            ("the same", magic("7.3.4+deb13-arm64"), true),
            ("another", magic("7.3.5+deb13-arm64"), false),
            ("a longer name", magic("7.3.4+deb13-arm64-16k"), false),
            ("no module", b"#!/bin/sh".to_vec(), false),
        ] {
            let checked = check("x", &built, "7.3.4+deb13-arm64");
            assert_eq!(checked.is_ok(), good, "{name}: {checked:?}");
        }
    }
}
