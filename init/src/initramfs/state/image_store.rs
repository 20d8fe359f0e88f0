//! containerd's store after a repair of the file system: a layer that lost files is not seen by anyone, and a pod that is started from
//! it ends at once, for ever. So when the repair touched the store, or it cannot be known, the store is thrown away, as it is when a
//! database of it is damaged (`runtime/engine/internal/imagestore`): images come again from this node's archives and from registries.
//!
//! Cuts: the databases go first, each by one renaming. Where files of layers are there and a database is not, the start of containerd
//! throws the rest away. Before that, the repair counts as begun, and the next boot doubts the store again.

use crate::clock;
use crate::report::Log;
use host::folder;
use init_api::{Root, StateOutcome, paths};
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::DirEntryExt;
use std::path::Path;

/// What `e2fsck` said, of the first look and of the repair.
const LOGS: [&str; 2] = ["e2fsck.log", "e2fsck-repair.log"];
/// containerd's databases.
const DATABASES: [&str; 2] = [
    "io.containerd.metadata.v1.bolt/meta.db",
    "io.containerd.snapshotter.v1.overlayfs/metadata.db",
];
/// What the names of our own folders there begin with: of damaged databases, and of what is removed while containerd runs.
const ASIDE: &str = "damaged-";
const DISCARDED: &str = "discarded-";
/// Lines with one of these say of a file that it was well, or could be kept better.
const HARMLESS: [&str; 3] = ["could be shorter", "could be narrower", "Optimize"];

/// `what.json` beside the databases, for the keeper, which tells people.
#[derive(Debug, Serialize)]
struct Record<'a> {
    found: String,
    why: &'a str,
}

/// Throws the store on state, mounted at `mounted`, away, if the repair left it in doubt. `again` if an earlier boot began the repair:
/// what it said then is lost. A failure is logged: the node runs by the store as it is.
pub(super) fn doubt(mounted: &Path, outcome: StateOutcome, again: bool, logs: &Path, log: &Log) {
    if outcome != StateOutcome::RepairedAtRisk {
        return;
    }
    let store = Root::new(mounted).path(paths::IMAGE_STORE);
    let why = match again {
        true => "the state partition was repaired in several turns, and layers may have lost files",
        false if is_touched(&store, &said(logs)) => {
            "the repair of the state partition changed files of it, so layers may have lost some"
        }
        false => return,
    };
    match throw_away(&store, why) {
        Ok(()) => log.line(&format!("containerd's store is made anew: {why}")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => log.error(&format!("cannot throw containerd's store away: {error}")),
    }
}

fn said(logs: &Path) -> String {
    let one = |name: &&str| fs::read(logs.join(name)).ok();
    let all = LOGS.iter().filter_map(one);
    let texts: Vec<String> = all
        .map(|text| String::from_utf8_lossy(&text).into_owned())
        .collect();
    texts.join("\n")
}

/// Whether a line of the check is about something in the store, by its path or its number.
fn is_touched(store: &Path, said: &str) -> bool {
    let lines = || {
        said.lines()
            .filter(|line| !HARMLESS.iter().any(|word| line.contains(word)))
    };
    if lines().any(|line| line.contains(paths::IMAGE_STORE)) {
        return true;
    }
    let numbers: BTreeSet<u64> = lines().flat_map(inodes).collect();
    !numbers.is_empty() && has_one_of(store, &numbers)
}

/// The numbers of inodes in a line: `Inode 12`, `inode #12`, `in /a/b (12)`.
fn inodes(line: &str) -> Vec<u64> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |(at, word): (usize, &&str)| -> Option<u64> {
        let before = at.checked_sub(1).map_or("", |before| words[before]);
        let before = before.trim_start_matches('(');
        let named = before.eq_ignore_ascii_case("inode");
        let in_brackets = word.starts_with('(') && word.ends_with(')');
        let digits = word.trim_start_matches(['(', '#']);
        let digits = digits.trim_end_matches([')', ',', '.', ':', '\'']);
        (named || in_brackets).then(|| digits.parse().ok())?
    };
    words.iter().enumerate().filter_map(number).collect()
}

/// Whether something in a folder, at any depth, has one of these numbers. A folder that cannot be read counts.
fn has_one_of(folder: &Path, numbers: &BTreeSet<u64>) -> bool {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                if error.kind() == io::ErrorKind::NotFound {
                    continue;
                }
                return true;
            }
        };
        for entry in entries {
            let Ok(entry) = entry else {
                return true;
            };
            if numbers.contains(&entry.ino()) {
                return true;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            }
        }
    }
    false
}

/// Moves all of the store out of containerd's sight.
fn throw_away(store: &Path, why: &str) -> io::Result<()> {
    let found = clock::rfc3339(clock::wall_millis());
    let stamp: String = found
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .collect();
    let (aside, discarded) = (
        store.join(format!("{ASIDE}{stamp}")),
        store.join(format!("{DISCARDED}{stamp}")),
    );
    let entries = fs::read_dir(store)?.collect::<io::Result<Vec<_>>>()?;
    fs::create_dir(&aside)?;
    fs::create_dir(&discarded)?;
    init_api::store(aside.join("what.json"), &Record { found, why }).map_err(io::Error::other)?;
    for database in DATABASES {
        let (from, name) = (store.join(database), Path::new(database).file_name());
        match fs::rename(&from, aside.join(name.unwrap_or_default())) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    for entry in entries {
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if !text.starts_with(ASIDE) && !text.starts_with(DISCARDED) {
            fs::rename(entry.path(), discarded.join(name))?;
        }
    }
    folder::flush(&aside)?;
    folder::flush(store)
}

#[cfg(test)]
mod tests {
    use super::{DATABASES, doubt, inodes, is_touched};
    use crate::report::Log;
    use init_api::{Root, StateOutcome, paths};
    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::path::{Path, PathBuf};

    /// A store with a layer; gives the file in it.
    fn store(mounted: &Path) -> (PathBuf, PathBuf) {
        let store = Root::new(mounted).path(paths::IMAGE_STORE);
        for database in DATABASES {
            let file = store.join(database);
            fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            fs::write(file, "bolt").expect("written");
        }
        let layer = store.join("io.containerd.snapshotter.v1.overlayfs/snapshots/7/fs");
        fs::create_dir_all(&layer).expect("made");
        let program = layer.join("program");
        fs::write(&program, "ELF").expect("written");
        (store, program)
    }

    #[test]
    fn numbers_in_what_the_check_says() {
        for (line, expected) in [
            (
                "Inode 131, i_size is 4096, should be 8192.  Fix? yes",
                vec![131],
            ),
            (
                "Entry 'ls' in /var/x (130) has deleted/unused inode 140.  Clear? yes",
                vec![130, 140],
            ),
            ("File /var/x (inode #12, mod time Mon) has 3", vec![12]),
            (
                "Directory inode 9, block #0, offset 0: directory corrupted",
                vec![9],
            ),
            ("Inode bitmap differences:  -140", vec![]),
            ("Free blocks count wrong (12345, counted=9).", vec![]),
            ("Pass 1: Checking inodes, blocks, and sizes", vec![]),
        ] {
            assert_eq!(inodes(line), expected, "{line}");
        }
    }

    #[test]
    fn only_what_is_about_the_store_touches_it() {
        let folder = tempfile::tempdir().expect("folder");
        let (store, program) = store(folder.path());
        let own = fs::metadata(&program).expect("there").ino();
        for (said, touched) in [
            (String::new(), false),
            (
                format!("Inode {own} has illegal block(s).  Clear? yes"),
                true,
            ),
            (
                format!("Inode {own} extent tree (at level 1) could be shorter.  Optimize? yes"),
                false,
            ),
            (format!("Inode {} has illegal block(s).", u64::MAX), false),
            (
                "Entry 'x' in /var/lib/containerd/io (5) has deleted/unused inode 6.".to_owned(),
                true,
            ),
        ] {
            assert_eq!(is_touched(&store, &said), touched, "{said}");
        }
    }

    #[test]
    fn a_store_in_doubt_is_out_of_sight_and_told() {
        let folder = tempfile::tempdir().expect("folder");
        let (mounted, logs) = (folder.path().join("state"), folder.path().join("logs"));
        fs::create_dir_all(&logs).expect("made");
        let log = Log::default();
        // No store yet: nothing to do.
        doubt(&mounted, StateOutcome::RepairedAtRisk, true, &logs, &log);
        let (store, program) = store(&mounted);
        let said = |text: String| fs::write(logs.join("e2fsck-repair.log"), text).expect("log");
        said("Entry 'a' in /var/lib/kubelet (5) has deleted/unused inode 6.".to_owned());
        doubt(&mounted, StateOutcome::RepairedAtRisk, false, &logs, &log);
        let own = fs::metadata(&program).expect("the store stays").ino();
        said(format!("Inode {own}, i_size is 3, should be 0.  Fix? yes"));
        for quiet in [StateOutcome::Clean, StateOutcome::Repaired] {
            doubt(&mounted, quiet, true, &logs, &log);
        }
        assert!(program.exists());

        doubt(&mounted, StateOutcome::RepairedAtRisk, false, &logs, &log);
        let mut left: Vec<String> = fs::read_dir(&store)
            .expect("the store")
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        left.sort();
        let [aside, discarded] = left.as_slice() else {
            panic!("{left:?}");
        };
        assert!(aside.starts_with("damaged-2") && discarded.starts_with("discarded-2"));
        let what = fs::read_to_string(store.join(aside).join("what.json")).expect("told");
        assert!(what.contains("changed files of it"), "{what}");
        for database in ["meta.db", "metadata.db"] {
            assert!(store.join(aside).join(database).exists(), "{database}");
        }
    }
}
