//! The last configuration that each release accepted, kept on state.
//!
//! One file for each release, `last-good/<release>.yaml`: the text of all sources merged, below a line with the number of its
//! turn. The highest number ran last, whatever the clock says. A file is written whole, when the text differs or another
//! release ran in between. An older release reads its own file, which no newer one touches; a newer one starts from the
//! older's, since it knows all of its keys.

use crate::choice::Candidate;
use crate::step::Step;
use init_api::{Root, paths};
use os_config::{Loaded, Report, Sources};
use std::fs;
use std::path::Path;

/// Below [`paths::CONFIG_STATE`].
const FOLDER: &str = "last-good";
/// How many are kept: of both slots, and of a release that was tried and went back.
const KEPT: usize = 3;
const MARK: &str = "# Kept by Holdfast: the last configuration that this release accepted. Turn ";

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

/// Records `merged` as what `release` accepted; of others, the ones that ran last. No step when all is so already.
pub(crate) fn record(all: &[LastGood], release: &str, merged: &str) -> Vec<Step> {
    let release = &file_name(release);
    let mut others: Vec<&LastGood> = all.iter().filter(|one| one.release != *release).collect();
    others.sort_by_key(|one| std::cmp::Reverse(one.number));
    let own = all.iter().find(|one| one.release == *release);
    let latest = others.first().map_or(0, |one| one.number);
    let number = match own {
        Some(own) if own.number > latest => own.number,
        _ => latest + 1,
    };
    let text = format!("{MARK}{number}.\n{merged}");
    let mut steps = Vec::new();
    if own.is_none_or(|own| own.text != text.as_bytes()) {
        let folder = Path::new(paths::CONFIG_STATE).join(FOLDER);
        steps.push(Step::dir(folder, 0o700));
        steps.push(Step::file(file_of(release), 0o600, text));
    }
    let gone = others.iter().skip(KEPT - 1);
    steps.extend(gone.map(|one| Step::Remove {
        path: one.path().into(),
    }));
    steps
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
mod tests {
    use super::{LastGood, all, record};
    use crate::step::Step;
    use init_api::Root;
    use std::fs;

    /// Does the steps, and gives the files that are there, with their numbers.
    fn kept(root: &Root, release: &str, merged: &str) -> Vec<(String, u64)> {
        for step in record(&all(root), release, merged) {
            match step {
                Step::MakeDir { path, .. } => fs::create_dir_all(root.path(path)).expect("made"),
                Step::WriteFile { path, content, .. } => {
                    fs::write(root.path(path), content.0).expect("written");
                }
                Step::Remove { path } => fs::remove_file(root.path(path)).expect("removed"),
                other => panic!("{other:?}"),
            }
        }
        let numbered = |one: LastGood| (one.release, one.number);
        all(root).into_iter().map(numbered).collect()
    }

    #[test]
    fn each_release_keeps_its_own_and_the_slots_never_lose_theirs() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        let text = "version: 1\n";
        // Slot A runs 1; 2, 3 and 4 are tried in slot B and each goes back.
        let history: [(&str, &[(&str, u64)]); 8] = [
            ("1", &[("1", 1)]),
            ("1", &[("1", 1)]),
            ("2", &[("1", 1), ("2", 2)]),
            ("1", &[("1", 3), ("2", 2)]),
            ("3", &[("1", 3), ("2", 2), ("3", 4)]),
            ("1", &[("1", 5), ("2", 2), ("3", 4)]),
            ("4", &[("1", 5), ("3", 4), ("4", 6)]),
            ("1", &[("1", 7), ("3", 4), ("4", 6)]),
        ];
        for (release, expected) in history {
            let found = kept(&root, release, text);
            let found: Vec<(&str, u64)> = found.iter().map(|(r, n)| (r.as_str(), *n)).collect();
            assert_eq!(found, expected, "after {release}");
            assert_eq!(
                record(&all(&root), release, text),
                [],
                "{release}: no second write"
            );
        }
        kept(&root, "1", "version: 1\nhostname: a\n");
        let own = all(&root).into_iter().find(|one| one.release == "1");
        let loaded = own.expect("kept").load().expect("it is right");
        assert!(loaded.merged_yaml().contains("hostname: a"));
    }

    #[test]
    fn strange_releases_and_torn_files() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        let found = kept(&root, "../1 β", "version: 1\n");
        assert_eq!(found, [("_1__".to_owned(), 1)]);
        let at = root.path("/var/lib/holdfast/config/last-good");
        fs::write(at.join(".2.yaml.new"), "version: 1\n").expect("written");
        fs::write(at.join("0.yaml"), "\0\0\0").expect("written");
        let found = all(&root);
        assert_eq!(found.len(), 2);
        assert!(
            found[0].number == 0 && found[0].load().is_err(),
            "{found:?}"
        );
    }
}
