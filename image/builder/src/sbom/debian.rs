//! Debian packages, with the licences their copyright files name.

use super::part::{Part, UNKNOWN};
use crate::error::Result;
use crate::packages::Lock;
use crate::tree::Tree;
use std::collections::BTreeSet;

/// The parts a lock brings.
pub(super) fn parts(lock: &Lock, packages: &Tree) -> Result<Vec<Part>> {
    lock.packages
        .iter()
        .map(|package| {
            let copyright = packages.content(&format!("usr/share/doc/{}/copyright", package.name));
            let text = copyright.map(|content| content.read()).transpose()?;
            Ok(Part {
                name: package.name.clone(),
                version: package.version.clone(),
                purl: format!(
                    "pkg:deb/debian/{}@{}?arch={}&distro=trixie",
                    escaped(&package.name),
                    escaped(&package.version),
                    package.arch
                ),
                supplier: "Organization: Debian".into(),
                licence: UNKNOWN.into(),
                licence_note: text.and_then(|text| note(&String::from_utf8_lossy(&text))),
                sha256: Some(package.sha256.clone()),
            })
        })
        .collect()
}

fn escaped(text: &str) -> String {
    text.replace('+', "%2B")
        .replace(':', "%3A")
        .replace('~', "%7E")
}

/// The short names of a machine-readable copyright file, in Debian's spelling, which is not quite SPDX's.
fn note(copyright: &str) -> Option<String> {
    if !copyright.starts_with("Format:") {
        return None;
    }
    let names: BTreeSet<&str> = copyright
        .lines()
        .filter_map(|line| line.strip_prefix("License:"))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "Debian's copyright file names: {}",
            names.into_iter().collect::<Vec<_>>().join("; ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_of_a_copyright_file() {
        let machine = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nFiles: *\nLicense: GPL-2+\n\nFiles: x\nLicense: BSD-3-clause\n\nLicense: GPL-2+\n text\n";
        assert_eq!(
            note(machine).as_deref(),
            Some("Debian's copyright file names: BSD-3-clause; GPL-2+")
        );
        assert_eq!(
            note("This package was put together by hand.\nLicense: x"),
            None
        );
    }
}
