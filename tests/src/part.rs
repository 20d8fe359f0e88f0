//! What `make test-all` runs besides scenarios: units, judges, fuzzing, two builds compared.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;

use crate::Verdict;

/// What `tools/test` ends a part's output with: `part: passed, 12 s, <commit>`.
const END: &str = "part: ";

/// One part that ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// The commit that it ran on.
    pub commit: String,
    /// How it ended.
    pub verdict: Verdict,
    /// How long it took.
    pub took: Duration,
    /// Its result in one line.
    pub closing: String,
}

impl Part {
    /// Reads the output that `tools/test` keeps of a part; `None` when the part did not come to its end.
    fn parse(name: &str, output: &str) -> Option<Self> {
        let (output, end) = output.trim_end().rsplit_once(END)?;
        let mut words = end.splitn(3, ", ");
        let (verdict, took, commit) = (words.next()?, words.next()?, words.next()?);
        let closing = closing(output);
        Some(Self {
            name: name.to_owned(),
            commit: commit.to_owned(),
            verdict: match verdict {
                "passed" => Verdict::Passed,
                "not run" => Verdict::NotRun(closing.clone()),
                _ => Verdict::Failed(closing.clone()),
            },
            took: Duration::from_secs(took.strip_suffix(" s")?.parse().ok()?),
            closing,
        })
    }
}

/// The sum of what cargo and Go say; the last line where neither says anything.
fn closing(output: &str) -> String {
    let counts = |word: &str| -> u64 {
        output
            .lines()
            .filter_map(|line| line.strip_prefix("test result: "))
            .flat_map(|line| line.split(['.', ';']))
            .filter_map(|count| count.trim().strip_suffix(word)?.trim().parse::<u64>().ok())
            .sum()
    };
    let packages = output.lines().filter(|line| line.starts_with("ok  \t"));
    let mut said = Vec::new();
    if output.lines().any(|line| line.starts_with("test result: ")) {
        let [passed, failed, ignored] = ["passed", "failed", "ignored"].map(counts);
        said.push(format!(
            "{passed} tests passed, {failed} failed, {ignored} ignored"
        ));
    }
    match packages.count() {
        0 => {}
        count => said.push(format!("{count} Go packages passed")),
    }
    if said.is_empty() {
        let last = output.lines().rfind(|line| !line.trim().is_empty());
        said.extend(last.map(str::to_owned));
    }
    said.join("; ")
}

/// The parts whose outputs are in `folder` as `<number>-<name>.log`, in the order of their numbers; none if there is no
/// such folder.
///
/// # Errors
/// When the folder or an output cannot be read.
pub fn parts(folder: &Path) -> anyhow::Result<Vec<Part>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let cannot = || format!("cannot read {}", folder.display());
    let mut outputs = Vec::new();
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        if let Some((number, name)) = stem.split_once('-') {
            // Programs may print anything.
            let text = fs::read(&path).with_context(cannot)?;
            let text = String::from_utf8_lossy(&text).into_owned();
            outputs.push((number.parse::<u32>().ok(), name.to_owned(), text));
        }
    }
    outputs.sort();
    Ok(outputs
        .iter()
        .filter_map(|(_, name, text)| Part::parse(name, text))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARGO: &str = "test result: ok. 45 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 3.67s";

    #[test]
    fn closing_lines() {
        let two = format!("running 45 tests\n{CARGO}\n\nrunning\n{CARGO}\n");
        let go = format!("{CARGO}\nok  \tx/plan\t0.1s\nok  \tx/proof\t2s\n");
        for (case, output, expected) in [
            ("nothing", "", ""),
            ("no test", "linked\nengine: 170 MB\n\n", "engine: 170 MB"),
            ("cargo", &two, "90 tests passed, 0 failed, 4 ignored"),
            (
                "cargo and Go",
                &go,
                "45 tests passed, 0 failed, 2 ignored; 2 Go packages passed",
            ),
            (
                "a failure",
                "test result: FAILED. 1 passed; 3 failed; 0 ignored; 0 measured\nerror: test failed",
                "1 tests passed, 3 failed, 0 ignored",
            ),
        ] {
            assert_eq!(closing(output), expected, "{case}");
        }
    }

    #[test]
    fn parts_come_in_the_order_they_ran_in() {
        let folder = std::env::temp_dir().join(format!("vm-tests-parts-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let outputs = [
            (
                "10-two builds.log",
                "they differ\npart: failed, 7 s, abc, with changes that are not committed\n",
            ),
            (
                "9-units.log",
                &format!("{CARGO}\npart: passed, 300 s, abc\n"),
            ),
            ("11-cut short.log", "at work\n"),
            ("12-holes.log", "no network\npart: not run, 2 s, abc\n"),
        ];
        for (name, text) in outputs {
            fs::write(folder.join(name), text).unwrap();
        }
        let parts = parts(&folder).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        let seen: Vec<_> = parts
            .iter()
            .map(|part| {
                (
                    part.name.as_str(),
                    part.took.as_secs(),
                    part.commit.as_str(),
                    &part.verdict,
                )
            })
            .collect();
        let differ = Verdict::Failed("they differ".to_owned());
        assert_eq!(
            seen,
            [
                ("units", 300, "abc", &Verdict::Passed),
                (
                    "two builds",
                    7,
                    "abc, with changes that are not committed",
                    &differ
                ),
                ("holes", 2, "abc", &Verdict::NotRun("no network".to_owned())),
            ]
        );
        assert_eq!(super::parts(&folder).unwrap(), [], "no folder");
    }
}
