//! Programs that commands and scripts call, and that the image lacks.
//!
//! k3OS had Alpine's busybox and its own tools; an image of Holdfast has what `programs.txt` lists, which a test holds against
//! the built image. A script is read only as far as it takes to find the words that stand where a command begins: a word too
//! many is a line to look at, and nothing else.

use std::collections::BTreeSet;

use super::shell;

/// Names below `/usr/bin` and `/usr/sbin` of the image.
const LIST: &str = include_str!("programs.txt");
/// Where the image's programs are. Programs elsewhere are the user's own.
const FOLDERS: [&str; 4] = ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/"];
const SHELLS: [&str; 5] = ["sh", "bash", "ash", "dash", "ksh"];

/// Those of `script`'s programs that neither the image nor the configuration has; `own` are the names of files that the
/// configuration writes.
pub(super) fn lacking_in_script(script: &str, own: &BTreeSet<String>) -> Vec<String> {
    lacking(shell::programs(script), own)
}

/// Those of a file: its interpreter and, where that is a shell, what it calls. A file without `#!` is no script.
pub(super) fn lacking_in_file(content: &str, own: &BTreeSet<String>) -> Vec<String> {
    let Some(first) = content
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("#!"))
    else {
        return Vec::new();
    };
    let mut words = first
        .split_whitespace()
        .filter(|word| !word.starts_with('-'));
    let mut interpreter = words.next().unwrap_or_default();
    if interpreter.ends_with("/env") {
        interpreter = words.next().unwrap_or_default();
    }
    let mut called = vec![interpreter.to_owned()];
    let name = interpreter.rsplit('/').next().unwrap_or_default();
    if SHELLS.contains(&name) {
        called.extend(shell::programs(content));
    }
    lacking(called, own)
}

/// Those of a command that is a list of words; a shell's script in it is looked into.
pub(super) fn lacking_in_words(words: &[&str], own: &BTreeSet<String>) -> Vec<String> {
    let Some((program, arguments)) = words.split_first() else {
        return Vec::new();
    };
    let mut called = vec![(*program).to_owned()];
    let name = program.rsplit('/').next().unwrap_or_default();
    if let (true, [.., "-c" | "-ec" | "-xc", script]) = (SHELLS.contains(&name), arguments) {
        called.extend(shell::programs(script));
    }
    lacking(called, own)
}

fn lacking(called: Vec<String>, own: &BTreeSet<String>) -> Vec<String> {
    let mut lacking: Vec<String> = Vec::new();
    for word in called {
        let Some(name) = image_name(&word) else {
            continue;
        };
        let known = own.contains(name) || LIST.lines().any(|has| has == name);
        if !known && !lacking.iter().any(|before| before == name) {
            lacking.push(name.to_owned());
        }
    }
    lacking
}

/// The name that a word has in the image's folders; none when it names a file elsewhere, or cannot be a program's name.
fn image_name(word: &str) -> Option<&str> {
    let below = FOLDERS.iter().find_map(|folder| word.strip_prefix(folder));
    let name = below.unwrap_or(word);
    let fits = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    let begins = |c: char| c.is_ascii_alphanumeric();
    let is_name = name.chars().all(fits)
        && name.starts_with(begins)
        && name.contains(|c: char| c.is_ascii_alphabetic());
    is_name.then_some(name)
}

/// Some names as a sentence has them: "`a`, `b` and `c`".
pub(super) fn listed(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{lacking_in_file, lacking_in_words, listed};
    use std::collections::BTreeSet;

    #[test]
    fn files() {
        let own = BTreeSet::from(["report".to_owned()]);
        for (content, expected) in [
            ("", ""),
            ("ifconfig\n", ""),
            (
                "#!/bin/sh\nifconfig eth0 | logger -t x\nwget -q x || reboot\n",
                "`ifconfig`, `logger`, `wget` and `reboot`",
            ),
            (
                "#!/bin/sh -e\nreport\n/usr/local/bin/mine\n./here\n/sbin/ip link\n",
                "",
            ),
            ("#!/usr/bin/env python3\nimport os\n", "`python3`"),
            ("#!/bin/ash\ntrue\n", "`ash`"),
            ("#!/opt/own/shell\nwget\n", ""),
        ] {
            assert_eq!(
                listed(&lacking_in_file(content, &own)),
                expected,
                "{content:?}"
            );
        }
    }

    #[test]
    fn programs_in_a_command() {
        for (words, expected) in [
            (&[][..], ""),
            (&["ip", "link"], ""),
            (&["/sbin/ifconfig", "eth0"], "`ifconfig`"),
            (&["sh", "-c", "curl x | grep y"], "`curl`"),
            (&["echo", "curl"], ""),
        ] {
            assert_eq!(
                listed(&lacking_in_words(words, &BTreeSet::new())),
                expected,
                "{words:?}"
            );
        }
    }
}
