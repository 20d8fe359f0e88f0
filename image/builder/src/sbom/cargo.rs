//! Crates of the Rust programs, with their licences.

use super::part::{Part, UNKNOWN};
use crate::error::Result;
use crate::program::Program;
use crate::project::Project;
use std::collections::BTreeSet;

/// Our programs and the features they are built with.
const PROGRAMS: [(&str, &[&str]); 3] = [
    ("init", &[]),
    ("pause", &[]),
    ("holdfast", &["--no-default-features", "--features", "node"]),
];

/// The parts of all our programs.
pub(super) fn parts(project: &Project, target: &str) -> Result<BTreeSet<Part>> {
    let mut parts = BTreeSet::new();
    for (package, features) in PROGRAMS {
        let tree = Program::new("cargo")
            .in_folder(project.root())
            .args([
                "tree",
                "--quiet",
                "--locked",
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--no-dedupe",
                "--format",
                "{p}|{l}",
            ])
            .args(["--package", package, "--target", target])
            .args(features)
            .text()?;
        parts.extend(tree.lines().filter_map(part));
    }
    Ok(parts)
}

/// Reads one line: `name v1.2.3 (path or "proc-macro")|licence`.
fn part(line: &str) -> Option<Part> {
    let (package, licence) = line.split_once('|')?;
    let mut words = package.split_whitespace();
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    // A proc-macro runs in the compiler only.
    if package.contains("(proc-macro)") {
        return None;
    }
    let licence = licence.trim().replace('/', " OR ");
    Some(Part {
        name: name.into(),
        version: version.into(),
        purl: format!("pkg:cargo/{name}@{}", version.replace('+', "%2B")),
        supplier: UNKNOWN.into(),
        licence: if licence.is_empty() {
            UNKNOWN.into()
        } else {
            licence
        },
        licence_note: None,
        sha256: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_cargo_tree() {
        let cases = [
            (
                "serde v1.0.1|MIT OR Apache-2.0",
                Some(("pkg:cargo/serde@1.0.1", "MIT OR Apache-2.0")),
            ),
            (
                "old v0.1.0|MIT/Apache-2.0",
                Some(("pkg:cargo/old@0.1.0", "MIT OR Apache-2.0")),
            ),
            (
                "init v0.1.0 (/somewhere/init)|Apache-2.0",
                Some(("pkg:cargo/init@0.1.0", "Apache-2.0")),
            ),
            ("serde_derive v1.0.1 (proc-macro)|MIT", None),
            (
                "none v1.0.0|",
                Some(("pkg:cargo/none@1.0.0", "NOASSERTION")),
            ),
            ("", None),
        ];
        for (line, want) in cases {
            let got = part(line);
            assert_eq!(
                got.as_ref().map(|p| (p.purl.as_str(), p.licence.as_str())),
                want,
                "{line}"
            );
        }
    }
}
