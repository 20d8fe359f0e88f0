//! The checkout that a report is of: its commit, which older commits run the same, and which scenarios it has.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::artefacts::{printed, root};

/// What changes nothing that a part or a scenario runs: words, benchmarks, and how the report is written.
const RUNS_NOT: [&str; 6] = [
    ":(exclude)docs",
    ":(exclude,glob)**/*.md",
    ":(exclude)tests/bench",
    ":(exclude)tests/src/bin",
    ":(exclude)tests/src/checkout.rs",
    ":(exclude)tests/src/report.rs",
];

/// The checkout as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// Its commit; with a comma and words behind it when there are changes that are not committed.
    pub commit: String,
    /// The commits that differ from it by nothing that runs, itself among them.
    pub alike: BTreeSet<String>,
    /// The names of its scenarios.
    pub scenarios: Vec<String>,
}

impl Checkout {
    /// Reads what it is, and which of `others` run the same.
    ///
    /// # Errors
    /// When git or cargo cannot be run, or the scenarios do not compile.
    pub fn read<'a>(others: impl Iterator<Item = &'a str>) -> anyhow::Result<Self> {
        let commit = crate::commit()?;
        let mut alike = BTreeSet::from([commit.clone()]);
        for other in others {
            // What is not committed may be anything.
            let known = !commit.contains(',') && !other.contains(',');
            if !alike.contains(other) && known && runs_the_same(&root(), other, &commit)? {
                alike.insert(other.to_owned());
            }
        }
        let arguments = ["test", "--quiet", "-p", "vm-tests", "--test", "scenarios"];
        let list = printed(
            "cargo",
            &[&arguments[..], &["--", "--list", "--include-ignored"]].concat(),
        )?;
        Ok(Self {
            commit,
            alike,
            scenarios: names(&list),
        })
    }
}

/// Whether two commits differ by nothing that runs; a commit that is not there is another one.
fn runs_the_same(checkout: &Path, one: &str, other: &str) -> anyhow::Result<bool> {
    let status = Command::new("git")
        .current_dir(checkout)
        .args(["diff", "--quiet", one, other, "--", "."])
        .args(RUNS_NOT)
        .stderr(Stdio::null())
        .status()
        .context("cannot run git")?;
    Ok(status.success())
}

/// The names in a list of tests.
fn names(list: &str) -> Vec<String> {
    list.lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_tests_has_their_names() {
        let list = "clock_at_1970: test\nreboot_keeps: test\n\n2 tests, 0 benchmarks\n";
        assert_eq!(names(list), ["clock_at_1970", "reboot_keeps"]);
    }

    #[test]
    fn words_change_nothing_that_runs() {
        let folder = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let status = Command::new("git")
                .current_dir(&folder)
                .args(["-c", "user.name=t", "-c", "user.email=t@localhost"])
                .args(arguments)
                .status();
            assert!(status.unwrap().success(), "{arguments:?}");
        };
        let commit = |file: &str, tag: &str| {
            let file = folder.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, tag).unwrap();
            git(&["add", "."]);
            git(&["commit", "-q", "-m", tag]);
            git(&["tag", tag]);
        };
        git(&["init", "-q"]);
        commit("init/src/main.rs", "first");
        commit("docs/a.svg", "docs");
        commit("init/README.md", "words");
        commit("tests/bench/idle", "bench");
        let alike = |one, other| runs_the_same(folder.path(), one, other).unwrap();
        assert!(alike("first", "bench"));
        assert!(!alike("first", "nowhere"));
        commit("init/src/main.rs", "code");
        assert!(!alike("first", "code") && !alike("code", "first"));
    }
}
