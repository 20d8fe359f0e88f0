//! From a file and single values to the text that goes onto the card.

use super::setting::Setting;
use os_config::tree::{Entry, Kind, Node, Path, Step, Value};
use os_config::{Loaded, Problem, Report, Source, SourceName, Sources};
use std::fmt::Write as _;
use std::str::FromStr;
use yaml_edit::{Document, ScalarValue, YamlNode, YamlValue};

/// A card's configuration, checked.
#[derive(Debug, Clone)]
pub struct Card {
    /// What goes into `config.yaml`.
    pub text: String,
    /// The file's comments and order are kept.
    pub as_written: bool,
    /// What is right, and may still be a mistake.
    pub remarks: Vec<String>,
}

/// What is wrong with a configuration, as it is told to a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CardError(String);

/// Checks the configuration in `text`, which is called `origin` in messages, together with `settings`, of which later win;
/// and writes them into the text.
///
/// # Errors
/// Everything that is wrong, each with its place.
pub fn write(origin: &str, text: &[u8], settings: &[Setting]) -> Result<Card, CardError> {
    let loaded = load(origin, text, settings)?;
    let remarks = os_config::remarks(loaded.config())
        .iter()
        .map(ToString::to_string)
        .collect();
    let source = Source::new(SourceName::ConfigPartition, origin, text);
    let readable = source
        .readable()
        .map_err(|report| CardError(report.to_string()))?;
    if settings.is_empty() {
        return Ok(Card {
            text: readable.to_owned(),
            as_written: true,
            remarks,
        });
    }
    let edited = edited(readable, loaded.tree(), settings).filter(|text| says(text, loaded.tree()));
    let as_written = edited.is_some();
    let text = edited.unwrap_or_else(|| {
        format!(
            "# Written by `holdfast flash` from {}.\n{}",
            one_line(origin),
            loaded.merged_yaml()
        )
    });
    Ok(Card {
        text,
        as_written,
        remarks,
    })
}

fn load(origin: &str, text: &[u8], settings: &[Setting]) -> Result<Loaded, CardError> {
    let base = Source::new(SourceName::ConfigPartition, origin, text);
    // One to a line, so that a finding's line is the setting's number.
    let words: Vec<String> = settings.iter().map(Setting::word).collect();
    let words = Source::new(SourceName::CommandLine, "--set", words.join("\n"));
    let loaded = os_config::load_with(base, words).map_err(|report| told(&report, settings))?;
    let lost = |setting: &&Setting| loaded.tree().get(setting.path()).is_none();
    match settings.iter().find(lost) {
        None => Ok(loaded),
        Some(setting) => Err(CardError(format!(
            "error: the configuration has no such place\n --> {setting}\n  = help: entries of a list are counted from 0, and a new one is the next number\n\n1 problem"
        ))),
    }
}

/// The report, with the places of settings as they were written.
fn told(report: &Report, settings: &[Setting]) -> CardError {
    let mut text = String::new();
    for problem in report.problems() {
        let setting = match problem.source {
            Some(SourceName::CommandLine) => settings.get(problem.line.wrapping_sub(1)),
            _ => None,
        };
        let _ = match setting {
            Some(setting) => write!(text, "{}", of_setting(problem, setting)),
            None => writeln!(text, "{problem}"),
        };
    }
    let count = report.problems().len();
    let _ = write!(text, "{count} problem{}", if count == 1 { "" } else { "s" });
    CardError(text)
}

fn of_setting(problem: &Problem, setting: &Setting) -> String {
    let mut text = format!("error: {}\n --> {setting}\n", problem.message);
    if let Some(key) = &problem.key {
        let _ = writeln!(text, "  = key: {key}");
    }
    if !problem.help.is_empty() {
        let _ = writeln!(text, "  = help: {}", problem.help);
    }
    text.push('\n');
    text
}

/// The text with the settings in it; none where the editor cannot.
fn edited(text: &str, wanted: &Node, settings: &[Setting]) -> Option<String> {
    let document = Document::from_str(text).ok()?;
    for setting in settings {
        let top = YamlNode::Mapping(document.as_mapping()?);
        set(&top, &Path::default(), &setting.path().0, wanted)?;
    }
    Some(document.to_string())
}

/// Sets what is `rest` below `here`, where `node` is, to what is wanted there.
fn set(node: &YamlNode, here: &Path, rest: &[Step], wanted: &Node) -> Option<()> {
    let (step, rest) = rest.split_first()?;
    let here = here.then(step.clone());
    let child = match step {
        Step::Key(key) => node.as_mapping()?.get(key.as_str()),
        Step::Index(index) => node.as_sequence()?.get(*index),
    };
    if let Some(child) = child.filter(|_| !rest.is_empty()) {
        return set(&child, &here, rest, wanted);
    }
    // What is missing on the way comes with all that is below it.
    let value = yaml(wanted.get(&here)?);
    match step {
        Step::Key(key) => node.as_mapping()?.set(key.as_str(), value),
        Step::Index(index) => {
            let list = node.as_sequence()?;
            if *index < list.len() {
                list.set(*index, value);
            } else {
                list.push(value);
            }
        }
    }
    Some(())
}

fn yaml(node: &Node) -> YamlValue {
    match &node.value {
        Value::Scalar(Kind::Text, text) => YamlValue::Scalar(ScalarValue::string(text.clone())),
        Value::Scalar(_, text) => YamlValue::Scalar(ScalarValue::parse(text.clone())),
        Value::List(items) => YamlValue::Sequence(items.iter().map(yaml).collect()),
        Value::Map(entries) => {
            let pairs = entries
                .iter()
                .map(|entry| (entry.key.clone(), yaml(&entry.value)));
            YamlValue::Mapping(pairs.collect())
        }
    }
}

/// Whether `text`, read as every node will read it, says just what is wanted: the editor is not taken at its word.
fn says(text: &str, wanted: &Node) -> bool {
    let read = os_config::load(&Sources::one("config.yaml", text));
    read.is_ok_and(|read| same(read.tree(), wanted))
}

fn same(one: &Node, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (Value::Scalar(kind, text), Value::Scalar(other_kind, other_text)) => {
            kind == other_kind && text == other_text
        }
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Map(one), Value::Map(others)) => {
            let found = |entry: &Entry| others.iter().find(|other| other.key == entry.key);
            let is_same =
                |entry| found(entry).is_some_and(|other| same(&entry.value, &other.value));
            one.len() == others.len() && one.iter().all(is_same)
        }
        _ => false,
    }
}

fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{CardError, write};
    use crate::card::{Origin, Setting};

    const BASE: &str = "# the stores of the north\nversion: 1\n\nhostname: store   # each has its own\n\
        ssh_authorized_keys:\n  - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEb1QOOKk0kNUjCTp6EmNDEZbPeXgHBNWIGbUGRN2eZZ you@laptop\n\
        labels:\n  # where it stands\n  site: none\n\
        network:\n  interfaces:\n    # the only one\n  - name: eth0\n    addresses:\n      - 10.0.0.1/24\n    gateway: 10.0.0.254\n";

    fn card(base: &str, settings: &[&str]) -> Result<super::Card, CardError> {
        let settings: Vec<Setting> = settings
            .iter()
            .map(|text| Setting::parse(text).expect(text))
            .collect();
        write("config.yaml", base.as_bytes(), &settings)
    }

    #[test]
    fn without_settings_the_file_is_as_it_was() {
        let card = card(BASE, &[]).expect("right");
        assert_eq!(card.text, BASE);
        assert!(card.as_written);
    }

    #[test]
    fn values_are_written_into_the_text_and_comments_stay() {
        for (name, settings, lines) in [
            (
                "one that is there",
                vec!["hostname=store-17-a"],
                vec!["hostname: store-17-a   # each has its own"],
            ),
            (
                "below another",
                vec!["labels.site=north"],
                vec!["  # where it stands", "  site: north"],
            ),
            (
                "new below another",
                vec!["labels.rack=r1"],
                vec!["  site: none", "  rack: r1"],
            ),
            (
                "a key with dots",
                vec!["labels[example.com/site]=north"],
                vec!["  example.com/site: north"],
            ),
            (
                "new at the top",
                vec!["network.dns.search=shop.example"],
                vec!["network:"],
            ),
            ("text like a number", vec!["labels.site=1.10"], vec![]),
            (
                "the last one wins",
                vec!["hostname=a", "hostname=b"],
                vec!["hostname: b   # each has its own"],
            ),
            (
                "a list",
                vec!["ntp_servers=a.example", "ntp_servers=b.example"],
                vec!["ntp_servers:"],
            ),
            ("true", vec!["logs.persist=true"], vec!["logs:"]),
            (
                "in an entry of a list",
                vec!["network.interfaces[0].addresses[0]=10.0.0.17/24"],
                vec![
                    "    # the only one",
                    "      - 10.0.0.17/24",
                    "    gateway: 10.0.0.254",
                ],
            ),
        ] {
            let card = card(BASE, &settings).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(card.as_written, "{name}: {}", card.text);
            for line in ["# the stores of the north"].iter().chain(&lines) {
                assert!(
                    card.text.lines().any(|found| found == *line),
                    "{name}: no `{line}` in\n{}",
                    card.text
                );
            }
        }
    }

    #[test]
    fn what_the_editor_cannot_is_written_merged() {
        // Another value of the host name would be another label, too.
        let base = "version: 1\nhostname: &name a # mine\nlabels: {site: *name}\n";
        let card = card(base, &["hostname=b"]).expect("right");
        assert!(!card.as_written, "{}", card.text);
        let merged = "# Written by `holdfast flash` from config.yaml.\n\
            version: 1\nhostname: b\nlabels:\n  site: a\n";
        assert_eq!(card.text, merged);
    }

    #[test]
    fn every_example_and_the_sample_keep_their_comments() {
        let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/config-examples");
        let mut texts = vec![("sample".into(), os_config::sample().to_owned())];
        for entry in std::fs::read_dir(examples).expect("examples") {
            let path = entry.expect("an entry").path();
            let text = std::fs::read_to_string(&path).expect("text");
            texts.push((path.display().to_string(), text));
        }
        assert!(texts.len() > 3, "{texts:?}");
        for (name, text) in texts {
            let card = card(
                &text,
                &[
                    "hostname=store-17-a",
                    "labels[example.com/rack]=r1",
                    "kubernetes.kubelet_args.max-pods=60",
                ],
            );
            let card = card.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(card.as_written, "{name}: {}", card.text);
            let comments = |text: &str| text.matches('#').count();
            assert_eq!(
                comments(&card.text),
                comments(&text),
                "{name}: {}",
                card.text
            );
        }
    }

    #[test]
    fn texts_of_all_kinds_say_what_was_set() {
        for base in [
            "version: 1\r\nhostname: a # mine\r\nlabels:\r\n  site: x\r\n",
            "\u{feff}version: 1\nhostname: a\n",
            "---\nversion: 1\nhostname: a\n...\n",
            "version: 1\nhostname: a",
            "{version: 1, hostname: a}\n",
            "{version: 1}\n",
            "version: 1\nhostname: &name a\nlabels: {site: *name}\n",
            "version: 1\nrun_commands:\n- |\n  echo # no comment\n\n  echo two\n",
            "version: 1\n# the end\n",
            "\"version\": 1\n'hostname': 'a'\n",
        ] {
            let card = card(
                base,
                &["hostname=b", "labels.site=y", "ntp_servers=n.example"],
            );
            let card = card.unwrap_or_else(|error| panic!("{base}: {error}"));
            let read = os_config::parse_config("card", card.text.as_bytes());
            let read = read.unwrap_or_else(|error| panic!("{base}: {error}\n{}", card.text));
            assert_eq!(
                read.hostname.map(|name| name.to_string()).as_deref(),
                Some("b"),
                "{base}"
            );
            let labels: Vec<String> = read.labels.values().map(ToString::to_string).collect();
            assert_eq!(labels, ["y"], "{base}: {}", card.text);
            assert!(card.as_written, "{base}: {}", card.text);
        }
    }

    #[test]
    fn mistakes_name_where_they_were_written() {
        let of = |settings: &[&str]| card(BASE, settings).expect_err("wrong").to_string();
        let text = of(&["labels.site=north", "hostname=Store_17"]);
        assert!(
            text.contains(" --> --set hostname=…") && text.contains("1 problem"),
            "{text}"
        );
        let text = of(&["hostnam=a"]);
        assert!(
            text.contains("--set hostnam=…") && text.contains("`hostname`"),
            "{text}"
        );
        let text = card("version: 2\nhostnam: a\n", &["hostname=a"])
            .expect_err("wrong")
            .to_string();
        assert!(
            text.contains("config.yaml:1:10") && text.contains("version 2 is not understood"),
            "{text}"
        );
        assert!(
            text.contains("config.yaml:2:1") && text.contains("2 problems"),
            "{text}"
        );
        let origin = Origin::Cell {
            file: "fleet.csv".into(),
            line: 18,
            row: 17,
        };
        let cell = Setting::new("hostname", "Store_17", origin).expect("a setting");
        let text = write("config.yaml", BASE.as_bytes(), &[cell])
            .expect_err("wrong")
            .to_string();
        assert!(
            text.contains(" --> fleet.csv:18, row 17, column hostname"),
            "{text}"
        );
    }
}
