//! `holdfast build lock`: today's versions of everything, or of a part of it.

use crate::error::{Error, Result};
use crate::file;
use crate::packages::{
    AptRoot, Archives, Lock, Mirror, PackageList, Patterns, Wanted, locked_kernel, resolve,
};
use crate::progress::Progress;
use crate::project::Project;
use crate::tools;
use std::path::Path;

/// What is locked anew.
#[derive(Debug, Clone)]
pub struct Relock<'a> {
    /// Architectures of images.
    pub archs: &'a [String],
    /// Architectures of machines that build them: each has a lock of the build's own tools, and of what builds kernel modules.
    pub hosts: &'a [String],
    /// A Debian mirror instead of this machine's.
    pub mirror: Option<&'a str>,
    /// The packages that may change; all, if none are named.
    pub only: Patterns,
}

/// Resolves the packages of each architecture, of the build's own tools, and of what builds kernel modules of ours, and writes the
/// locks. Returns what changed.
///
/// # Errors
/// When the mirror cannot be reached, or a package is gone.
pub fn relock(project: &Project, wish: &Relock<'_>, progress: Progress) -> Result<Vec<String>> {
    let list = PackageList::load(&project.path("buildroot/packages.toml"))?;
    let mirror = wish
        .mirror
        .map_or_else(Mirror::of_this_machine, |url| Ok(Mirror::named(url)))?;
    let mut of = Relocking {
        project,
        list: &list,
        mirror: &mirror,
        wish,
        progress,
        changes: Vec::new(),
    };
    for arch in wish.archs {
        let kernel = of.image(arch)?;
        for host in wish.hosts {
            of.modules(arch, host, kernel.as_deref())?;
        }
    }
    for host in wish.hosts {
        of.tools(host)?;
    }
    Ok(of.changes)
}

struct Relocking<'a> {
    project: &'a Project,
    list: &'a PackageList,
    mirror: &'a Mirror,
    wish: &'a Relock<'a>,
    progress: Progress,
    changes: Vec<String>,
}

impl Relocking<'_> {
    /// Locks what the images of an architecture have; returns their kernel, if they have one.
    fn image(&mut self, arch: &str) -> Result<Option<String>> {
        let wanted = self.list.root(arch)?;
        let archives = self.archives(arch, &wanted.backports);
        let lock = self.locked(arch, arch, &wanted, &archives)?;
        Ok(locked_kernel(&lock).map(str::to_owned))
    }

    /// Locks what builds kernel modules of ours for `arch`, where it has some, on a machine of `host`.
    fn modules(&mut self, arch: &str, host: &str, kernel: Option<&str>) -> Result<()> {
        let Some(modules) = self.list.own_modules(arch)? else {
            return Ok(());
        };
        let kernel = kernel.ok_or_else(|| {
            Error::Wrong(format!("{arch} would have kernel modules and no kernel"))
        })?;
        let wanted = modules.wanted(kernel);
        let archives = Archives {
            foreign: Some(arch).filter(|arch| *arch != host),
            ..self.archives(host, &wanted.backports)
        };
        let name = modules.lock_name(host);
        self.locked(&name, &name, &wanted, &archives).map(drop)
    }

    /// Locks the tools of a build on a machine of `host`.
    fn tools(&mut self, host: &str) -> Result<()> {
        let wanted = self.list.tools();
        let archives = self.archives(host, &wanted.backports);
        let name = tools::lock_name(host);
        self.locked(&name, host, &wanted, &archives).map(drop)
    }

    fn archives<'b>(&self, arch: &'b str, backports: &Patterns) -> Archives<'b> {
        let from = (self.list.suite.as_str(), self.list.components.as_slice());
        Archives::of(self.mirror, from, arch, backports)
    }

    /// Resolves and writes the lock `name`, with the apt folder `folder`.
    fn locked(
        &mut self,
        name: &str,
        folder: &str,
        wanted: &Wanted,
        archives: &Archives<'_>,
    ) -> Result<Lock> {
        let step = self.progress.step(&format!("lock {name}"));
        let folder = self.project.cache().join("apt").join(folder);
        let lock = resolve(&AptRoot::prepare(&folder, archives)?, wanted, self.mirror)?;
        let path = self.project.lock(name);
        let lock = write(lock, &path, self.wish, &mut self.changes)?;
        step.done(&format!("{} packages", lock.packages.len()));
        Ok(lock)
    }
}

/// Writes a lock, as far as it may change, and gives what is locked now.
fn write(lock: Lock, path: &Path, wish: &Relock<'_>, changes: &mut Vec<String>) -> Result<Lock> {
    if lock.packages.is_empty() {
        return Err(Error::Wrong(format!(
            "{} would be empty: does the mirror have this suite and architecture?",
            path.display()
        )));
    }
    // A lock that is not there yet is made whole.
    let (old, lock) = match path.is_file() {
        false => (Lock::default(), lock),
        true if wish.only.is_empty() => (Lock::load(path)?, lock),
        true => {
            let old = Lock::load(path)?;
            let limited = lock.limited(&old, &wish.only);
            (old, limited)
        }
    };
    file::write(path, lock.render()?.as_bytes())?;
    changes.extend(lock.changes(&old));
    Ok(lock)
}
