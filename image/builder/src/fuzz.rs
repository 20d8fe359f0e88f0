//! Doors for the fuzz targets: parsers of foreign bytes that only this crate calls, with the promises that they keep.

use crate::kernel::Index;
use crate::packages::{self, Kind, Lock, Mirror};
use crate::tree;
use std::path::Path;

/// Unpacks the tar stream of a package to `folder`; gives the number of entries, or nothing for what is refused.
///
/// # Panics
/// When a path leaves the folder, or a file of the list is not there.
pub fn package_archive(stream: &[u8], folder: &Path) -> Option<usize> {
    let entries = packages::extract(&mut &*stream, folder, Path::new("fuzz.deb")).ok()?;
    for entry in &entries {
        let paths = match &entry.kind {
            Kind::HardLink(target) => vec![&entry.path, target],
            _ => vec![&entry.path],
        };
        for path in paths {
            let path = folder.join(path);
            let up = path.components().any(|part| part.as_os_str() == "..");
            assert!(path.starts_with(folder) && !up, "{path:?} is outside");
        }
        assert!(entry.kind != Kind::File || folder.join(&entry.path).exists());
        assert!(entry.mode <= 0o7777);
    }
    Some(entries.len())
}

/// Reads what `apt-get --print-uris` printed; what can be locked reads back from the lock.
///
/// # Panics
/// When a lock that was written reads back as another one.
pub fn apt_output(text: &str) {
    let mirror = Mirror::named("http://m.test/debian");
    let Ok(found) = packages::parse_uris(text, &mirror) else {
        return;
    };
    for package in found {
        let packages = vec![package];
        let lock = Lock { packages };
        let text = lock.render().expect("a lock can be written");
        if let Ok(again) = Lock::parse(&text, Path::new("fuzz.lock")) {
            assert_eq!(again, lock);
        }
    }
}

/// The libraries that an ELF file needs, with the C library's version that it needs and the one that it provides.
pub type ElfNeeds = (Vec<String>, Option<(u32, u32)>, Option<(u32, u32)>);

/// Reads an ELF file both ways.
pub fn elf(bytes: &[u8]) -> ElfNeeds {
    let needs = tree::needs(bytes);
    (needs.libraries, needs.glibc, tree::provided_glibc(bytes))
}

/// Reads depmod's three files, and writes the part of a few modules, which must read back the same.
///
/// # Panics
/// When it does not.
pub fn modules_index(dep: &str, alias: &str, builtin: &str, wanted: &[String]) {
    let index = Index::parse(dep, alias, builtin);
    let known: Vec<String> = index
        .loadable(wanted)
        .into_iter()
        .map(str::to_owned)
        .collect();
    let subset = index.subset(&known).expect("all of them are known");
    assert!(subset.paths().count() <= index.paths().count());
    let again = Index::parse(&subset.dep(), &subset.alias(), "");
    assert_eq!((again.dep(), again.alias()), (subset.dep(), subset.alias()));
    assert_eq!(
        index.subset(wanted).is_ok(),
        index.missing(wanted).is_empty()
    );
}
