//! Programs of the build that come from the locked archive, not from the host.
//!
//! They run through their own dynamic loader and libraries, so the same program makes the image on every host.

use crate::cache::Cache;
use crate::digest::Key;
use crate::error::{Error, Result};
use crate::packages::{Lock, Mirror, deb, fetch};
use crate::program::Program;
use crate::progress::Progress;
use crate::project::Project;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

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

/// A kind of machine that builds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Host {
    /// Its architecture, in Debian's words.
    pub(crate) debian: &'static str,
    /// Where the dynamic loader of its programs is.
    loader: &'static str,
    /// Where their libraries are.
    libraries: &'static str,
}

const HOSTS: [Host; 2] = [
    Host {
        debian: "amd64",
        loader: "usr/lib64/ld-linux-x86-64.so.2",
        libraries: "usr/lib/x86_64-linux-gnu",
    },
    Host {
        debian: "arm64",
        loader: "usr/lib/ld-linux-aarch64.so.1",
        libraries: "usr/lib/aarch64-linux-gnu",
    },
];

impl Host {
    /// The machine that this runs on.
    pub(crate) fn this() -> Result<Self> {
        Self::named(match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        })
    }

    fn named(debian: &str) -> Result<Self> {
        let host = HOSTS.iter().find(|host| host.debian == debian);
        host.copied().ok_or_else(|| {
            Error::Wrong(format!(
                "building on {debian} is not supported: use an x86-64 (amd64) or ARM64 (arm64) machine"
            ))
        })
    }
}

/// The name of the lock of the tools that run on a machine of that architecture.
pub(crate) fn lock_name(host: &str) -> String {
    format!("tools-{host}")
}

impl Tools {
    /// Unpacks the locked tools of this machine, once.
    pub(crate) fn unpack(lock: &Lock, debs: &Path, cache: &Cache) -> Result<Self> {
        Self::of(Host::this()?, lock, debs, cache)
    }

    fn of(host: Host, lock: &Lock, debs: &Path, cache: &Cache) -> Result<Self> {
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
        let mut both = root.join(host.libraries).into_os_string();
        // systemd's programs have a folder of their own.
        both.push(":");
        both.push(root.join(host.libraries).join("systemd"));
        Ok(Self {
            loader: root.join(host.loader),
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

    /// The same as a command that the loader was named to already.
    fn command(&self, mut loader: Command, path: &str) -> Command {
        loader
            .arg("--library-path")
            .arg(&self.libraries)
            .arg(self.root.join(path));
        loader
    }
}

fn of(project: &Project) -> Result<Tools> {
    let lock = Lock::load(&project.lock(&lock_name(Host::this()?.debian)))?;
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
pub fn locked_tool(project: &Project, path: &str) -> Result<Command> {
    let tools = of(project)?;
    Ok(tools.command(Command::new(&tools.loader), path))
}

/// The same tool as a build machine of another architecture runs it (`amd64`, `arm64`), through `emulator`, a program that runs
/// theirs. It is fetched if it is not there.
///
/// # Errors
/// When there are no build machines of that architecture, or its tools cannot be had.
pub fn locked_tool_elsewhere(
    project: &Project,
    host: &str,
    emulator: &str,
    path: &str,
) -> Result<Command> {
    let (debs, cache) = (project.cache().join("debs"), Cache::new(&project.cache()));
    let lock = Lock::load(&project.lock(&lock_name(host)))?;
    let step = Progress::detect().step(&format!("tools of a build on {host}"));
    fetch(&lock, &debs, Mirror::of_this_machine, &step)?;
    step.done(&format!("{} packages", lock.packages.len()));
    let tools = Tools::of(Host::named(host)?, &lock, &debs, &cache)?;
    let mut command = Command::new(emulator);
    command.arg(&tools.loader);
    Ok(tools.command(command, path))
}

/// Where a locked tool is.
///
/// # Errors
/// As [`locked_tool`].
pub fn locked_tool_path(project: &Project, path: &str) -> Result<PathBuf> {
    Ok(of(project)?.root.join(path))
}
