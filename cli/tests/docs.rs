//! What README.md and docs/ say must be so: quoted messages are those of the sources, commands and targets exist, links lead
//! somewhere, whole files of configuration are right.
#![allow(
    clippy::disallowed_methods,
    reason = "a test's files need not outlast it, and its judges are programs"
)]
#![cfg(all(feature = "node", feature = "workstation"))]
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on shall stop where it is"
)]

use clap::CommandFactory;
use std::fs;
use std::path::{Path, PathBuf};

/// The part of a quoted message that differs from case to case.
const DIFFERS: char = '…';
/// Made by a program, from a commit that may be older.
const NOT_OURS: &str = "test-report.md";

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files below `folder` whose names end so, but for what is built.
fn files(folder: &Path, ends: &[&str], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            if !name.starts_with('.') && !["target", "build"].contains(&name.as_str()) {
                files(&path, ends, found);
            }
        } else if ends.iter().any(|end| name.ends_with(end)) {
            found.push(path);
        }
    }
}

/// The pages that people read, with their texts.
fn pages() -> Vec<(PathBuf, String)> {
    let mut paths = vec![top().join("README.md"), top().join("CHANGELOG.md")];
    files(&top().join("docs"), &[".md"], &mut paths);
    paths.retain(|path| !path.ends_with(NOT_OURS));
    let with_text = |path: PathBuf| (path.clone(), read(&path));
    let pages: Vec<_> = paths.into_iter().map(with_text).collect();
    assert!(pages.len() > 10, "{pages:?}");
    pages
}

/// A page's lines without those in fences and the indented ones; and those, which hold code.
fn prose_and_code(page: &str) -> (Vec<&str>, Vec<&str>) {
    let mut fenced = false;
    page.lines().partition(|line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fence && !fenced && !line.starts_with("    ")
    })
}

/// What stands between backticks: single ones, or two where the text has one itself.
fn spans(line: &str) -> Vec<&str> {
    let mut spans = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find('`') {
        let mark = if rest[at..].starts_with("``") {
            "``"
        } else {
            "`"
        };
        let inside = &rest[at + mark.len()..];
        let Some(end) = inside.find(mark) else { break };
        spans.push(inside[..end].trim());
        rest = &inside[end + mark.len()..];
    }
    spans
}

/// Where messages come from: what is compiled, without the unit tests at the end of a file, strings in one line.
fn sources() -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    files(&top(), &[".rs", ".go", "setup"], &mut paths);
    paths.retain(|path| !path.ends_with("cli/tests/docs.rs"));
    let text = |path: &PathBuf| {
        let text = read(path);
        let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
        let mut lines = text[..end].split("\\\n");
        let first = lines.next().unwrap_or_default().to_owned();
        lines.fold(first, |all, line| all + line.trim_start())
    };
    paths
        .into_iter()
        .map(|path| (path.clone(), text(&path)))
        .collect()
}

/// Whether `quote` is in `source`, its parts in order and before the string ends.
fn says(source: &str, quote: &str) -> bool {
    let mut parts = quote.split(DIFFERS).filter(|part| !part.trim().is_empty());
    let first = parts.next().expect("a quote has words");
    source.match_indices(first).any(|(at, _)| {
        let rest = &source[at + first.len()..];
        let ends = rest.match_indices('"');
        let end = ends
            .map(|(end, _)| end)
            .find(|end| !rest[..*end].ends_with('\\'));
        let mut rest = &rest[..end.unwrap_or(rest.len())];
        parts.clone().all(|part| match rest.find(part) {
            Some(at) => {
                rest = &rest[at + part.len()..];
                true
            }
            None => false,
        })
    })
}

#[test]
fn every_message_in_trouble_is_one_of_the_sources() {
    let sources = sources();
    let is_said = |quote: &str| sources.iter().any(|(_, source)| says(source, quote));
    assert!(!is_said("The CONFIG partition is … on the moon"));
    assert!(!is_said("The CONFIG partition went missing"));
    let page = read(&top().join("docs/trouble.md"));
    let mut quotes = Vec::new();
    for row in page.lines().filter_map(|line| line.strip_prefix("| ")) {
        let symptom = row.split(" | ").next().unwrap_or_default();
        quotes.extend(spans(symptom));
    }
    assert!(quotes.len() > 100, "{}", quotes.len());
    quotes.retain(|quote| !is_said(quote));
    assert!(quotes.is_empty(), "in no source: {quotes:#?}");
}

/// The titles of the problems that a source makes, as far as they are the same every time.
fn titles(source: &str) -> impl Iterator<Item = &str> {
    let made = source.split("Problem::new(").skip(1);
    made.filter_map(|rest| {
        let (before, title) = rest.split_once('"')?;
        let at_once = ["", "format!("].contains(&before.trim());
        at_once.then(|| title.split(['"', '{']).next())?
    })
}

#[test]
fn every_problem_has_a_row_in_trouble() {
    let page = read(&top().join("docs/trouble.md"));
    let is_test = |path: &Path| {
        let below = path.strip_prefix(top()).unwrap();
        path.ends_with("tests.rs") || below.iter().any(|part| part == "tests")
    };
    let sources = sources();
    let sources = sources.iter().filter(|(path, _)| !is_test(path));
    let all: Vec<&str> = sources.flat_map(|(_, source)| titles(source)).collect();
    assert!(all.len() > 8, "{all:?}");
    let missing: Vec<_> = all.iter().filter(|title| !page.contains(**title)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Why a line of words behind `holdfast` is no command; nothing if it is one.
fn fault(words: &str) -> Option<String> {
    let mut command = holdfast::Holdfast::command();
    command.build();
    let mut words = words.split_whitespace();
    while let Some(word) = words.next() {
        if let Some(flag) = word.strip_prefix("--") {
            let (name, value) = flag.split_once('=').unzip();
            let name = name.unwrap_or(flag).trim_end_matches(']');
            if name.is_empty() {
                break;
            }
            let known = |it: &&clap::Arg| it.get_long() == Some(name);
            let Some(argument) = command.get_arguments().find(known) else {
                return Some(format!("{} has no --{name}", command.get_name()));
            };
            if argument.get_action().takes_values() && value.is_none() {
                words.next();
            }
        } else if let Some(below) = command.find_subcommand(word) {
            command = below.clone();
        } else if command.has_subcommands() && word.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Some(format!("{} has no {word}", command.get_name()));
        }
    }
    None
}

/// The commands in a piece of code, each from behind its name to where a shell would end it.
fn commands<'a>(code: &'a str, program: &str) -> Vec<&'a str> {
    let name = format!("{program} ");
    let begins = code.match_indices(&name).filter(|(at, _)| {
        let before = &code[..*at];
        before.is_empty() || before.ends_with([' ', '|', '(']) || before.ends_with("target/debug/")
    });
    let ends = ['#', '|', '<', '>', ';', '&', '`', '…', ':', '(', '"', '\''];
    begins
        .map(|(at, name)| {
            code[at + name.len()..]
                .split(ends)
                .next()
                .unwrap_or_default()
        })
        .collect()
}

#[test]
fn every_command_and_target_exists() {
    assert_eq!(fault("vm up --fresh --config my.yaml"), None);
    assert!(fault("config aply FILE").is_some() && fault("vm up --frsh").is_some());
    let makefile = read(&top().join("Makefile"));
    let is_target = |word: &str| {
        makefile
            .lines()
            .filter(|line| !line.starts_with('\t'))
            .any(|line| line.split([' ', ':']).any(|target| target == word))
    };
    let (mut count, mut wrong) = (0, Vec::new());
    for (path, text) in pages() {
        let (prose, code) = prose_and_code(&text);
        let spans = prose.iter().flat_map(|line| spans(line));
        for piece in spans.chain(code) {
            for words in commands(piece, "holdfast") {
                count += 1;
                wrong.extend(fault(words).map(|why| format!("{}: {why}: {words}", path.display())));
            }
            let targets = commands(piece, "make").into_iter();
            let first = targets.filter_map(|words| words.split_whitespace().next());
            let unknown = first.filter(|word| !word.contains('=') && !is_target(word));
            wrong.extend(unknown.map(|word| format!("{}: make {word}", path.display())));
        }
    }
    assert!(count > 100, "{count}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What a heading is called in an address, as GitHub and others do it.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = kept.chars().filter_map(|c| match c {
        ' ' => Some('-'),
        c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
        _ => None,
    });
    kept.collect()
}

#[test]
fn every_link_leads_somewhere() {
    let (mut count, mut wrong) = (0, Vec::new());
    for (path, text) in pages() {
        let (prose, _) = prose_and_code(&text);
        // A link may go over the end of a line.
        let prose = prose.join("\n");
        let targets = prose.split("](").skip(1);
        for target in targets.filter_map(|rest| rest.split(')').next()) {
            if target.contains("://") {
                continue;
            }
            count += 1;
            let (file, place) = target.split_once('#').unwrap_or((target, ""));
            let to = if file.is_empty() {
                path.clone()
            } else {
                path.parent().unwrap().join(file)
            };
            let leads = to.exists()
                && (place.is_empty()
                    || prose_and_code(&read(&to))
                        .0
                        .iter()
                        .any(|line| line.starts_with('#') && anchor(line) == place));
            if !leads {
                wrong.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(count > 50, "{count}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_whole_configuration_is_right() {
    let key = "AAAAC3NzaC1lZDI1NTE5AAAAIJ2lQ1mVJZyYb0m9bYwDMLzSp0vH8o3rYt1kJm4c9XfQ";
    let mut count = 0;
    for (path, text) in pages() {
        let blocks = text.split("```yaml\n").skip(1);
        let whole = blocks
            .filter_map(|rest| rest.split("```").next())
            .filter(|block| block.starts_with("version: "));
        for block in whole {
            count += 1;
            let block = block.replace("AAAA…", key);
            os_config::load(&os_config::Sources::one(path.display().to_string(), block))
                .unwrap_or_else(|report| panic!("{report}"));
        }
    }
    assert!(count >= 3, "{count}");
}
