//! From what a service may do to the steps that keep it to that.

use init_api::{Calls, Confinement, Files, HIDDEN_FILES, HIDDEN_FOLDERS};
use std::collections::BTreeMap;
use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use sys::{Filter, Limits, ViewStep};

/// Where programs put what is theirs alone.
const TEMPORARY: [&str; 2] = ["/tmp", "/var/tmp"];
const DEVICES: &str = "/dev";

/// The limits that a process puts on itself.
///
/// # Errors
/// A path with a NUL, or an architecture without filters.
pub(super) fn limits(confinement: &Confinement) -> io::Result<Limits> {
    let refused = confinement.refused();
    let names = refused.iter().flat_map(|kind| kind.names()).copied();
    Ok(Limits {
        view: match &confinement.files {
            Files::Shared { .. } => Vec::new(),
            Files::Own { writes, sees } => view(writes, sees)?,
        },
        capabilities: confinement
            .capabilities
            .keys()
            .map(|c| c.number())
            .collect(),
        no_new_privileges: confinement.gains_rights.is_none(),
        filter: Filter::refusing(names, refused.contains(&Calls::Sockets))?,
    })
}

/// Folders that must be there before it starts, so that it can write to them.
pub(super) fn folders(confinement: &Confinement) -> impl Iterator<Item = &Path> {
    let writes = match &confinement.files {
        Files::Shared { .. } => None,
        Files::Own { writes, .. } => Some(writes),
    };
    writes
        .into_iter()
        .flat_map(BTreeMap::keys)
        .map(PathBuf::as_path)
}

type Paths = BTreeMap<PathBuf, String>;

fn view(writes: &Paths, sees: &Paths) -> io::Result<Vec<ViewStep>> {
    let is_hidden = |path: &&str| !sees.contains_key(Path::new(path));
    let text = |path: &str| CString::new(path).map_err(io::Error::from);
    let written = || {
        writes
            .keys()
            .map(|path| CString::new(path.as_os_str().as_bytes()))
    };
    let mut steps = vec![ViewStep::Namespace];
    if is_hidden(&DEVICES) {
        steps.push(ViewStep::FewDevices);
    }
    for path in TEMPORARY {
        steps.push(ViewStep::Memory(text(path)?));
    }
    for path in written() {
        steps.push(ViewStep::Split(path?));
    }
    steps.push(ViewStep::ReadOnly);
    for path in written() {
        steps.push(ViewStep::Writable(path?));
    }
    for path in TEMPORARY {
        steps.push(ViewStep::Writable(text(path)?));
    }
    for path in HIDDEN_FOLDERS.iter().copied().filter(is_hidden) {
        steps.push(ViewStep::HideFolder(text(path)?));
    }
    for path in HIDDEN_FILES.iter().copied().filter(is_hidden) {
        steps.push(ViewStep::HideFile(text(path)?));
    }
    Ok(steps)
}

#[cfg(test)]
mod tests;
