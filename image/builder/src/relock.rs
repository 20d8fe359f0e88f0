//! `holdfast build lock`: today's versions of everything, or of a part of it.

use crate::error::{Error, Result};
use crate::file;
use crate::packages::{
    AptRoot, Archives, Lock, Mirror, PackageList, Patterns, locked_kernel, resolve,
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
    let folder = |name: &str| project.cache().join("apt").join(name);
    let archives = |arch, backports: &Patterns| {
        Archives::of(&mirror, (&list.suite, &list.components), arch, backports)
    };
    let (host, ..) = tools::host()?;
    let mut changes = Vec::new();
    for arch in wish.archs {
        let step = progress.step(&format!("lock {arch}"));
        let wanted = list.root(arch)?;
        let apt = AptRoot::prepare(&folder(arch), &archives(arch, &wanted.backports))?;
        let lock = resolve(&apt, &wanted, &mirror)?;
        let lock = write(lock, &project.lock(arch), wish, &mut changes)?;
        step.done(&format!("{} packages", lock.packages.len()));
        let Some(modules) = list.own_modules(arch)? else {
            continue;
        };
        let step = progress.step(&format!("lock what builds modules for {arch}"));
        let kernel = locked_kernel(&lock).ok_or_else(|| {
            Error::Wrong(format!("{arch} would have kernel modules and no kernel"))
        })?;
        let wanted = modules.wanted(kernel);
        let archives = Archives {
            foreign: Some(arch.as_str()).filter(|arch| *arch != host),
            ..archives(host, &wanted.backports)
        };
        let name = modules.lock_name(host);
        let lock = resolve(
            &AptRoot::prepare(&folder(&name), &archives)?,
            &wanted,
            &mirror,
        )?;
        let lock = write(lock, &project.lock(&name), wish, &mut changes)?;
        step.done(&format!("{} packages", lock.packages.len()));
    }
    let step = progress.step("lock build tools");
    let wanted = list.tools();
    let apt = AptRoot::prepare(&folder(host), &archives(host, &wanted.backports))?;
    let path = project.lock(&format!("tools-{host}"));
    let lock = write(resolve(&apt, &wanted, &mirror)?, &path, wish, &mut changes)?;
    step.done(&format!("{} packages", lock.packages.len()));
    Ok(changes)
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
