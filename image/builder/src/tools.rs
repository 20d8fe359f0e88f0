//! Programs of the build that come from the locked archive, not from the host.
//!
//! They run through their own dynamic loader and libraries, so the same program makes the image on every host.

use crate::cache::Cache;
use crate::digest::Key;
use crate::error::{Error, Result};
use crate::packages::{Lock, deb};
use crate::program::Program;
use crate::project::Project;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The unpacked tools.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    root: PathBuf,
    loader: PathBuf,
    /// Folders of libraries, as the loader takes them.
    libraries: OsString,
    /// Identifies the versions of all tools.
    pub(crate) identity: String,
}

/// The architecture of this machine in Debian's words, and the loader and library folder of its programs.
pub(crate) fn host() -> Result<(&'static str, &'static str, &'static str)> {
    match std::env::consts::ARCH {
        "x86_64" => Ok((
            "amd64",
            "usr/lib64/ld-linux-x86-64.so.2",
            "usr/lib/x86_64-linux-gnu",
        )),
        "aarch64" => Ok((
            "arm64",
            "usr/lib/ld-linux-aarch64.so.1",
            "usr/lib/aarch64-linux-gnu",
        )),
        other => Err(Error::Wrong(format!(
            "building on {other} is not supported: use an x86-64 or ARM64 machine"
        ))),
    }
}

impl Tools {
    /// Unpacks the locked tools, once.
    pub(crate) fn unpack(lock: &Lock, debs: &Path, cache: &Cache) -> Result<Self> {
        let key = lock
            .packages
            .iter()
            .fold(Key::new("tools", 1), |key, package| {
                key.with(&package.name, &package.sha256)
            })
            .finish();
        let root = cache.get("tools", &key, |folder| {
            for package in &lock.packages {
                Program::new("dpkg-deb")
                    .arg("-x")
                    .arg(deb(debs, package))
                    .arg(folder)
                    .stdout()?;
            }
            Ok(())
        })?;
        let (_, loader, libraries) = host()?;
        let mut both = root.join(libraries).into_os_string();
        // systemd's programs have a folder of their own.
        both.push(":");
        both.push(root.join(libraries).join("systemd"));
        Ok(Self {
            loader: root.join(loader),
            libraries: both,
            root,
            identity: key,
        })
    }

    /// A tool by its path below the root; `name` is what it sees as its own name.
    pub(crate) fn program(&self, path: &str, name: &str) -> Program {
        Program::new(&self.loader)
            .args(["--argv0", name, "--library-path"])
            .arg(&self.libraries)
            .arg(self.root.join(path))
    }
}

fn of(project: &Project) -> Result<Tools> {
    let lock = Lock::load(&project.lock(&format!("tools-{}", host()?.0)))?;
    Tools::unpack(
        &lock,
        &project.cache().join("debs"),
        &Cache::new(&project.cache()),
    )
}

/// A locked tool as a command, for judging what a build made.
///
/// # Errors
/// When nothing was built yet, so that the tools are not there.
pub fn locked_tool(project: &Project, path: &str) -> Result<std::process::Command> {
    let tools = of(project)?;
    let mut command = std::process::Command::new(&tools.loader);
    command
        .arg("--library-path")
        .arg(&tools.libraries)
        .arg(tools.root.join(path));
    Ok(command)
}

/// Where a locked tool is.
///
/// # Errors
/// As [`locked_tool`].
pub fn locked_tool_path(project: &Project, path: &str) -> Result<PathBuf> {
    Ok(of(project)?.root.join(path))
}
