//! Verdicts of scenarios, and the page they are put on.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::{Checkout, Part, Verdict};

/// Characters of one note, or of why a scenario failed; logs and disks that it kept have the rest.
const LONGEST: usize = 600;

/// One scenario that ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its name.
    pub name: String,
    /// The commit that it ran on.
    pub commit: String,
    /// How it ended.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
    /// What it measured, or drew at random: a line each.
    pub notes: Vec<String>,
}

impl Record {
    /// Leaves the record in `folder`, replacing that of an earlier run.
    pub(crate) fn store(&self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let file = folder.join(format!("{}.json", self.name));
        let text = serde_json::to_string(self).context("cannot encode a record")?;
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
    }
}

/// All records in `folder`, by name.
///
/// # Errors
/// When the folder or a record in it cannot be read.
pub fn collect(folder: &Path) -> anyhow::Result<Vec<Record>> {
    let mut records = Vec::new();
    for entry in
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?
    {
        let file = entry
            .with_context(|| format!("cannot list {}", folder.display()))?
            .path();
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let record: Record = serde_json::from_str(&text)
            .with_context(|| format!("cannot read {}", file.display()))?;
        records.push(record);
    }
    records.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(records)
}

/// The page for `docs/`: `records` of scenarios and what else ran, written when the checkout was `checkout`.
#[must_use]
pub fn render(
    checkout: &Checkout,
    date: &str,
    machine: &str,
    parts: &[Part],
    records: &[Record],
) -> String {
    let failed = records
        .iter()
        .filter(|record| record.verdict != Verdict::Passed)
        .count();
    let mut page = format!(
        "# Test report\n\nWritten by `make test-all`; not edited by hand.\n\n\
         - Commit: {}\n- Date: {date}\n- Machine: {machine}\n\
         - Scenarios: {} of {} run, {failed} failed\n",
        checkout.commit,
        records.len(),
        checkout.scenarios.len()
    );
    page += &not_run(checkout, records);
    page += &of_other_commits(checkout, parts, records);
    if !parts.is_empty() {
        page += "\n| part | verdict | duration | commit | result |\n|---|---|---|---|---|\n";
    }
    for part in parts {
        let row = (&part.verdict, part.took, &part.commit, cell(&part.closing));
        line(&mut page, &part.name, row);
    }
    page += "\n| scenario | verdict | duration | commit | notes |\n|---|---|---|---|---|\n";
    for record in records {
        let reason = match &record.verdict {
            Verdict::Passed => None,
            Verdict::Failed(reason) | Verdict::NotRun(reason) => Some(reason.as_str()),
        };
        let notes: Vec<String> = reason
            .into_iter()
            .chain(record.notes.iter().map(String::as_str))
            .map(cell)
            .collect();
        let row = (
            &record.verdict,
            record.took,
            &record.commit,
            notes.join("; "),
        );
        line(&mut page, &record.name.replace('_', " "), row);
    }
    page
}

/// Which scenarios left no record.
fn not_run(checkout: &Checkout, records: &[Record]) -> String {
    let ran = |name: &String| records.iter().any(|record| record.name == *name);
    let missing: Vec<String> = checkout
        .scenarios
        .iter()
        .filter(|name| !ran(name))
        .map(|name| name.replace('_', " "))
        .collect();
    if missing.is_empty() {
        return String::new();
    }
    format!("- **Not run**: {}\n", missing.join(", "))
}

/// How many rows are of a commit that runs something else, if there are any.
fn of_other_commits(checkout: &Checkout, parts: &[Part], records: &[Record]) -> String {
    let commits = parts
        .iter()
        .map(|part| &part.commit)
        .chain(records.iter().map(|record| &record.commit));
    let all = commits.clone().count();
    let here = commits.filter(|c| checkout.alike.contains(*c)).count();
    if here == all {
        return String::new();
    }
    format!(
        "- **Not all of one commit**: rows carry the commit they ran at; {here} of {all} at the one above, or at one that \
         differs from it by nothing that runs\n"
    )
}

fn line(page: &mut String, name: &str, row: (&Verdict, Duration, &String, String)) {
    let (verdict, took, commit, notes) = row;
    let verdict = match verdict {
        Verdict::Passed => "passed",
        Verdict::Failed(_) => "**failed**",
        Verdict::NotRun(_) => "**not run**",
    };
    let (seconds, commit) = (took.as_secs(), cell(commit));
    // Writing into a String cannot fail.
    let _ = writeln!(
        page,
        "| {name} | {verdict} | {seconds} s | {commit} | {notes} |"
    );
}

/// Text that stays inside its cell, and leaves a reader the other rows. Where the checkout lies on the machine that ran the tests
/// is nobody's business.
fn cell(text: &str) -> String {
    let here = format!("{}/", crate::root().display());
    let line = text
        .replace(&here, "")
        .replace('|', "\\|")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_one_line_without_the_place_of_the_checkout() {
        let file = crate::root().join("build/x.log");
        let text = format!("cannot read {}:\n a | b", file.display());
        assert_eq!(cell(&text), "cannot read build/x.log: a \\| b");
        assert_eq!(cell(&"ä".repeat(601)), format!("{}…", "ä".repeat(600)));
    }

    #[test]
    fn records_come_back_in_order_and_are_rendered() {
        let folder = std::env::temp_dir().join(format!("vm-tests-report-{}", std::process::id()));
        let failed = Record {
            name: "b_late".to_owned(),
            commit: "abc".to_owned(),
            verdict: Verdict::Failed("waited\nfor a|b".to_owned()),
            took: Duration::from_secs(2),
            notes: vec!["seed 7".to_owned()],
        };
        let passed = Record {
            name: "a_first".to_owned(),
            commit: "abb".to_owned(),
            verdict: Verdict::Passed,
            took: Duration::from_millis(1500),
            notes: vec![],
        };
        failed.store(&folder).unwrap();
        passed.store(&folder).unwrap();
        let records = collect(&folder).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(records, [passed, failed]);
        let units = Part {
            name: "units".to_owned(),
            commit: "abc".to_owned(),
            verdict: Verdict::Passed,
            took: Duration::from_secs(300),
            closing: "900 tests passed".to_owned(),
        };
        let mut checkout = Checkout {
            commit: "abd".to_owned(),
            alike: ["abc", "abd"].map(str::to_owned).into(),
            scenarios: ["a_first", "b_late", "c_never"].map(str::to_owned).into(),
        };
        let page = render(
            &checkout,
            "today",
            "here",
            std::slice::from_ref(&units),
            &records,
        );
        assert!(
            page.contains("- Scenarios: 2 of 3 run, 1 failed\n- **Not run**: c never\n"),
            "{page}"
        );
        assert!(
            page.contains("they ran at; 2 of 3 at the one above, "),
            "{page}"
        );
        assert!(
            page.contains("| units | passed | 300 s | abc | 900 tests passed |\n\n"),
            "{page}"
        );
        assert!(page.ends_with("| a first | passed | 1 s | abb |  |\n| b late | **failed** | 2 s | abc | waited for a\\|b; seed 7 |\n"), "{page}");
        checkout.scenarios.truncate(2);
        checkout.scenarios.remove(0);
        let page = render(&checkout, "today", "here", &[units], &records[1..]);
        assert!(
            !page.contains("one commit") && !page.contains("Not run"),
            "{page}"
        );
    }
}
