//! The last configuration that each release accepted, kept on state.
//!
//! One file for each release, `last-good/<release>.yaml`: the text of all sources merged, below a line with the number of its
//! turn. The highest number ran last, whatever the clock says. A file is written whole, when the text differs or another
//! release ran in between. An older release reads its own file, which no newer one touches; a newer one starts from the
//! older's, since it knows all of its keys.
//!
//! A configuration that is right need not be good: with a flag's value that a component does not take, the node never comes up. So
//! one with which it was Ready, which its second line says, only gives way to another such one: until then the new one lies beside
//! it, `<release>.<digest>.tried`, and the keeper renames it. Where there is none with which it was Ready, any that is right stands
//! in, for it has the network and the keys that people come in by.

mod record;

use crate::choice::Candidate;
use init_api::{Root, paths};
use os_config::{Loaded, Report, Sources};
pub(crate) use record::{Record, record};
use std::fs;

/// Below [`paths::CONFIG_STATE`].
const FOLDER: &str = "last-good";
const MARK: &str = "# Kept by Holdfast: the last configuration that this release accepted. Turn ";
/// The second line of one with which the node was Ready. For others there is none, as in those that older releases kept.
const READY: &str = "# The node was Ready with it.";
/// How the name of one ends with which the node has yet to be Ready.
const TRIED: &str = ".tried";

/// A configuration that was good once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastGood {
    /// The release that accepted it.
    pub release: String,
    /// The higher, the later it was in force.
    pub number: u64,
    /// Its file's whole text.
    pub text: Vec<u8>,
}

impl LastGood {
    /// Its file on a node.
    pub fn path(&self) -> String {
        file_of(&self.release)
    }

    /// Reads it as the running release does.
    ///
    /// # Errors
    /// It is damaged, or has keys that this release does not know.
    pub fn load(&self) -> Result<Loaded, Report> {
        os_config::load(&Sources::one(self.path(), self.text.clone()))
    }

    /// Whether the node was Ready with it.
    fn was_ready(&self) -> bool {
        self.lines().nth(1) == Some(READY.as_bytes())
    }

    /// The configuration alone.
    fn merged(&self) -> Vec<u8> {
        let lines: Vec<&[u8]> = self
            .lines()
            .skip(1 + usize::from(self.was_ready()))
            .collect();
        lines.join(&b'\n')
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.text.split(|byte| *byte == b'\n')
    }
}

/// All that are kept, in no order. One that cannot be read from the disk is not among them.
pub(crate) fn all(root: &Root) -> Vec<LastGood> {
    let folder = root.path(paths::CONFIG_STATE).join(FOLDER);
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let one = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        // Names with a dot in front are files that were being written when the power went.
        let release = name
            .strip_suffix(".yaml")
            .filter(|it| !it.starts_with('.'))?;
        let text = fs::read(entry.path()).ok()?;
        Some(LastGood {
            release: release.to_owned(),
            number: number(&text),
            text,
        })
    };
    let mut all: Vec<LastGood> = entries.flatten().filter_map(one).collect();
    all.sort_by(|a, b| a.release.cmp(&b.release));
    all
}

/// The names of those with which the node has yet to be Ready; one at most, but for power cuts.
pub(crate) fn tried(root: &Root) -> Vec<String> {
    let folder = root.path(paths::CONFIG_STATE).join(FOLDER);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(TRIED)).collect();
    names.sort();
    names
}

/// As the choice sees them; `paths` are theirs, in the same order.
pub(crate) fn candidates<'a>(all: &'a [LastGood], paths: &'a [String]) -> Vec<Candidate<'a>> {
    all.iter()
        .zip(paths)
        .map(|(one, path)| Candidate {
            path,
            release: &one.release,
            number: one.number,
        })
        .collect()
}

fn file_of(release: &str) -> String {
    format!(
        "{}/{FOLDER}/{}.yaml",
        paths::CONFIG_STATE,
        file_name(release)
    )
}

/// A version as part of a file's name.
fn file_name(release: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '~');
    let name: String = release
        .chars()
        .map(|c| if fits(c) { c } else { '_' })
        .collect();
    name.trim_start_matches('.').to_owned()
}

/// The number of a text's turn; one without comes before all others.
fn number(text: &[u8]) -> u64 {
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let first = String::from_utf8_lossy(first);
    let number = first.strip_prefix(MARK).unwrap_or_default();
    number.trim_end_matches('.').parse().unwrap_or(0)
}

#[cfg(test)]
mod tests;
