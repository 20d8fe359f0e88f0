//! `holdfast build lock`: today's versions of everything.

use crate::error::{Error, Result};
use crate::file;
use crate::packages::{AptRoot, Lock, Mirror, PackageList, resolve};
use crate::progress::Progress;
use crate::project::Project;
use crate::tools;
use std::path::Path;

/// Resolves the packages of each architecture, and of the build's own tools, and writes the locks. Returns what changed.
///
/// # Errors
/// When the mirror cannot be reached, or a package is gone.
pub fn relock(
    project: &Project,
    archs: &[String],
    mirror: Option<&str>,
    progress: Progress,
) -> Result<Vec<String>> {
    let list = PackageList::load(&project.path("buildroot/packages.toml"))?;
    let mirror = mirror.map_or_else(Mirror::of_this_machine, |url| Ok(Mirror::named(url)))?;
    let mut changes = Vec::new();
    let apt = |arch: &str| {
        let sources = mirror.sources(&list.suite, &list.components, crate::packages::KEYRING);
        AptRoot::prepare(&project.cache().join("apt").join(arch), arch, &sources)
    };
    for arch in archs {
        let step = progress.step(&format!("lock {arch}"));
        let lock = resolve(&apt(arch)?, &list.root(arch)?, &mirror)?;
        changes.extend(write(&lock, &project.lock(arch))?);
        step.done(&format!("{} packages", lock.packages.len()));
    }
    let host = tools::host()?.0;
    let step = progress.step("lock build tools");
    let lock = resolve(&apt(host)?, &list.tools(), &mirror)?;
    changes.extend(write(&lock, &project.lock(&format!("tools-{host}")))?);
    step.done(&format!("{} packages", lock.packages.len()));
    Ok(changes)
}

fn write(lock: &Lock, path: &Path) -> Result<Vec<String>> {
    if lock.packages.is_empty() {
        return Err(Error::Wrong(format!(
            "{} would be empty: does the mirror have this suite and architecture?",
            path.display()
        )));
    }
    let old = if path.is_file() {
        Lock::load(path)?
    } else {
        Lock::default()
    };
    file::write(path, lock.render()?.as_bytes())?;
    Ok(lock.changes(&old))
}
