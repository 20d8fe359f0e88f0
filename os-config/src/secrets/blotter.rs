//! The secrets of configurations, kept out of texts that are none: logs, records, what programs print.

use std::ops::Range;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::blot::{BLOT, blotted, credentials, in_order};
use super::names::sounds_secret;
use super::{hidden, line};
use crate::source::{LARGEST_TEXT, Source, SourceName};
use crate::tree::{Node, Value, yaml};

/// A shorter secret is hidden only where it stands alone: `on` is a part of many words.
const SHORTEST_PART: usize = 4;
/// A shorter line of a secret of many lines says nothing by itself: `#!/bin/sh` would be hidden everywhere, `exit 0` too.
const SHORTEST_LINE: usize = 8;

/// Hides the secrets of configurations in any text.
///
/// What is secret is what the schema says (`x-secret`), in every source by itself: also in one that is wrong, or that another
/// source overrides. Besides, what looks like a secret is hidden, whoever it belongs to: private keys, credentials in web
/// addresses, bearer tokens, and what follows `password=`.
#[derive(Debug, Default)]
pub struct Blotter {
    /// The longest first: a secret may be a part of another.
    secrets: Vec<String>,
}

impl Blotter {
    /// Adds all secrets of a source, be it right or not.
    pub fn add(&mut self, source: &Source) {
        if source.text.len() > LARGEST_TEXT {
            return;
        }
        let text = String::from_utf8_lossy(&source.text);
        if source.name == SourceName::CommandLine {
            for range in hidden::in_command_line(&text) {
                self.add_value(text.get(range).unwrap_or_default());
            }
            let values = hidden::values_in_command_line(&text);
            values.iter().for_each(|value| self.add_value(value));
        } else {
            for part in parts(&text) {
                self.add_yaml(part);
            }
        }
        self.secrets.sort_by_key(|it| std::cmp::Reverse(it.len()));
        self.secrets.dedup();
    }

    /// Adds a secret that is no configuration's.
    pub fn add_secret(&mut self, secret: &str) {
        self.add_value(secret);
        self.secrets.sort_by_key(|it| std::cmp::Reverse(it.len()));
    }

    /// A source's text as it may be shown. What is no YAML is left out: nobody knows what of it is secret.
    pub fn source(&self, source: &Source) -> String {
        let text = String::from_utf8_lossy(&source.text);
        if source.name == SourceName::CommandLine {
            return self.blot(&blotted(&text, &in_order(hidden::in_command_line(&text))));
        }
        let shown = parts(&text).into_iter().map(|part| {
            if yaml::read_all(part, 0).broken_at.is_none() {
                return self.blot(&blotted(part, &in_order(hidden::in_yaml(part))));
            }
            let key = part.split(':').next().unwrap_or_default();
            let lines = part.lines().count();
            format!(
                "# {}: {lines} lines that are no YAML are left out\n",
                self.blot(key)
            )
        });
        shown.collect()
    }

    /// A text as it may be shown.
    pub fn blot(&self, text: &str) -> String {
        // First, while the lines around a private key are still there.
        let mut shown = blot_looks(text);
        for secret in &self.secrets {
            if secret.len() >= SHORTEST_PART {
                if shown.contains(secret.as_str()) {
                    shown = shown.replace(secret.as_str(), BLOT);
                }
            } else {
                shown = blotted(&shown, &alone(&shown, secret));
            }
        }
        shown
    }

    fn add_yaml(&mut self, text: &str) {
        for document in &yaml::read_all(text, 0).documents {
            self.add_credentials(document);
        }
        for range in hidden::in_yaml(text) {
            self.add_value(text.get(range).unwrap_or_default());
        }
        let values = hidden::values_in_yaml(text);
        values.iter().for_each(|value| self.add_value(value));
    }

    fn add_credentials(&mut self, node: &Node) {
        match &node.value {
            Value::Scalar(_, text) => {
                for range in credentials(text) {
                    let said = &text[range];
                    let password = said.split_once(':').map_or(said, |(_, password)| password);
                    self.add_value(password);
                }
            }
            Value::List(items) => items.iter().for_each(|item| self.add_credentials(item)),
            Value::Map(entries) => entries
                .iter()
                .for_each(|entry| self.add_credentials(&entry.value)),
        }
    }

    /// Also as it stands in JSON, in base64, and decoded, and each line of it that says something.
    fn add_value(&mut self, value: &str) {
        let value = value.trim().trim_matches(['"', '\'']).trim();
        if value.is_empty() {
            return;
        }
        self.add_forms(value);
        let decoded = STANDARD.decode(value).ok();
        if let Some(text) = decoded.and_then(|bytes| String::from_utf8(bytes).ok()) {
            self.add_lines(&text);
        }
        // Also of a file with one line, `key = value`.
        self.add_lines(value);
        if value.contains('\n') {
            for document in &yaml::read_all(value, 0).documents {
                self.add_data(document, false);
            }
        }
    }

    /// What a manifest says below the keys of a Secret, or below a name that sounds like one.
    fn add_data(&mut self, node: &Node, below: bool) {
        match &node.value {
            Value::Scalar(_, text) if below => self.add_value(text),
            Value::Scalar(..) => {}
            Value::List(items) => items.iter().for_each(|item| self.add_data(item, below)),
            Value::Map(entries) => {
                for entry in entries {
                    let key = entry.key.as_str();
                    let secret =
                        below || matches!(key, "data" | "stringData") || sounds_secret(key);
                    self.add_data(&entry.value, secret);
                }
            }
        }
    }

    fn add_lines(&mut self, text: &str) {
        for line in text.lines().map(str::trim) {
            // Of a key with a value, as in a manifest with a Secret, the value alone is secret.
            let value = line.split_once([':', '=']).map(|(_, value)| value);
            for part in std::iter::once(line).chain(value) {
                let part = part.trim().trim_matches(['"', '\'']);
                if part.len() >= SHORTEST_LINE && !part.starts_with("#!") {
                    self.add_forms(part);
                    let decoded = STANDARD.decode(part).ok();
                    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
                    self.secrets
                        .extend(decoded.filter(|text| text.len() >= SHORTEST_LINE));
                }
            }
        }
    }

    fn add_forms(&mut self, value: &str) {
        let json = serde_json::Value::from(value).to_string();
        let json = json.trim_matches('"').to_owned();
        if json != value {
            self.secrets.push(json);
        }
        if value.len() >= SHORTEST_PART {
            self.secrets.push(STANDARD.encode(value));
        }
        self.secrets.push(value.to_owned());
    }
}

/// A text, whole if it is YAML; else each key of the top level by itself, so that a mistake in one does not hide what is secret
/// in the others.
fn parts(text: &str) -> Vec<&str> {
    if yaml::read_all(text, 0).broken_at.is_none() {
        return vec![text];
    }
    let mut begins = vec![0];
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if at > 0 && line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            begins.push(at);
        }
        at += line.len();
    }
    let ends = begins.iter().skip(1).copied().chain([text.len()]);
    begins
        .iter()
        .zip(ends)
        .map(|(from, to)| &text[*from..to])
        .collect()
}

/// Where `word` stands between what is no letter and no digit.
fn alone(text: &str, word: &str) -> Vec<Range<usize>> {
    let ends = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    text.match_indices(word)
        .map(|(at, _)| at..at + word.len())
        .filter(|range| {
            ends(text[..range.start].chars().next_back()) && ends(text[range.end..].chars().next())
        })
        .collect()
}

/// Hides what looks like a secret.
fn blot_looks(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut in_key = false;
    for line in text.split_inclusive('\n') {
        if in_key || (line.contains("-----BEGIN ") && line.contains("PRIVATE KEY-----")) {
            // An escaped one (`\n`) begins and ends on one line.
            in_key = !line.contains("-----END ");
            shown.push_str(BLOT);
            shown.push('\n');
            continue;
        }
        shown.push_str(&blotted(line, &line::looks(line)));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::Blotter;
    use crate::schema::{schema, shapes};
    use crate::secrets::rule::{BY_NAME, IN_LISTINGS, secrecy};
    use crate::source::{Source, SourceName};
    use crate::tree::{Node, Path, Step, Value, yaml};
    use serde_json::Value as Json;

    /// Every key that there is; other tests hold it to the schema.
    const FULL: &str = include_str!("../../tests/full.yaml");

    /// The places in the schema that are secret, or may be, each with the word that says when.
    fn secret_places(shape: &'static Json, path: &Path, all: &mut Vec<(Path, &'static str)>) {
        for shape in shapes(shape) {
            if let Some(when) = secrecy(shape) {
                all.push((path.clone(), when));
            }
            let members = shape.get("properties").and_then(Json::as_object);
            for (key, below) in members.into_iter().flatten() {
                secret_places(below, &path.then(key.as_str()), all);
            }
            for (word, step) in [
                ("items", Step::Index(0)),
                ("additionalProperties", Step::Key("*".into())),
            ] {
                if let Some(below) = shape.get(word).filter(|below| below.is_object()) {
                    secret_places(below, &path.then(step), all);
                }
            }
        }
    }

    /// The texts at a place, in whatever entry of a list or of a mapping without fixed keys.
    fn texts(node: &Node, steps: &[Step], all: &mut String) {
        match (&node.value, steps) {
            (Value::Scalar(_, text), []) => all.push_str(text),
            (Value::List(items), [Step::Index(_), rest @ ..]) => {
                items.iter().for_each(|item| texts(item, rest, all));
            }
            (Value::List(items), []) => items.iter().for_each(|item| texts(item, &[], all)),
            (Value::Map(entries), [Step::Key(key), rest @ ..]) => {
                let meant = entries.iter().filter(|it| key == "*" || it.key == *key);
                meant.for_each(|entry| texts(&entry.value, rest, all));
            }
            (Value::Map(entries), []) => entries.iter().for_each(|it| texts(&it.value, &[], all)),
            _ => {}
        }
    }

    /// Whoever adds a key with a secret has to write one into that file; then this test, and that of the support bundle, look
    /// for it.
    #[test]
    fn every_secret_of_the_schema_is_hidden() {
        let mut places = Vec::new();
        secret_places(schema(), &Path::default(), &mut places);
        places.retain(|(_, when)| ![BY_NAME, IN_LISTINGS].contains(when));
        assert!(places.len() >= 7, "{places:?}");
        let document = &yaml::read_all(FULL, 0).documents[0];
        let blotter = of(SourceName::ConfigPartition, FULL);
        for (path, _) in places {
            let mut said = String::new();
            texts(document, &path.0, &mut said);
            assert!(
                said.contains("SECRET") || said.contains("PRIVATE KEY"),
                "full.yaml has no secret at {path}: {said}"
            );
        }
        let words = FULL.split(|c: char| c.is_whitespace() || ",}{:@/".contains(c));
        for word in words.filter(|word| word.contains("SECRET")) {
            let shown = blotter.blot(&format!("<{word}>"));
            assert_eq!(shown, "<(redacted)>", "{word}");
        }
    }

    fn of(name: SourceName, text: &str) -> Blotter {
        let mut blotter = Blotter::default();
        blotter.add(&Source::new(name, "a source", text));
        blotter
    }

    #[test]
    fn what_is_secret_is_hidden_wherever_it_stands() {
        let text = "version: 1\npassword: \"qu\\\"oted pass\"\nhostname: shop\nnetwork:\n  wifi: [{name: shop, passphrase: 12345678}]\n  \
                    proxy: {http: 'http://me:pr0xyword@proxy:3128'}\nwrite_files:\n- path: /etc/x\n  permissions: 0600\n  content: |\n    \
                    [main]\n    key = abcdefghij\n    exit 0\n- {path: /etc/y, content: harmless-content}\n- path: /etc/z\n  permissions: 0600\n  \
                    content: |\n    key = of-one-line\n";
        let blotter = of(SourceName::ConfigPartition, text);
        for (said, expected) in [
            ("a file of-one-line", "a file (redacted)"),
            (
                "login with qu\"oted pass failed",
                "login with (redacted) failed",
            ),
            (r#"{"p":"qu\"oted pass"}"#, r#"{"p":"(redacted)"}"#),
            ("psk=12345678;", "psk=(redacted);"),
            ("b64 MTIzNDU2Nzg= here", "b64 (redacted) here"),
            ("wrong pr0xyword", "wrong (redacted)"),
            ("the key is abcdefghij", "the key is (redacted)"),
            (
                "exit 0, harmless-content of shop",
                "exit 0, harmless-content of shop",
            ),
        ] {
            assert_eq!(blotter.blot(said), expected);
        }
    }

    #[test]
    fn a_source_that_is_wrong_has_secrets_too() {
        for (name, text) in [
            (
                SourceName::UsbStick,
                "version: 1\npassword: hunter2hunter2\nhostnam: [x\n",
            ),
            (
                SourceName::UsbStick,
                "version: 7\npasword: hunter2hunter2\n",
            ),
            (
                SourceName::CommandLine,
                "quiet holdfast.password=hunter2hunter2 ro",
            ),
        ] {
            let said = of(name, text).blot("it was hunter2hunter2.");
            assert_eq!(said, "it was (redacted).", "{text}");
        }
    }

    #[test]
    fn a_short_secret_is_hidden_where_it_stands_alone() {
        let blotter = of(SourceName::UsbStick, "version: 1\npassword: abc\n");
        assert_eq!(blotter.blot("abc abcd, abc"), "(redacted) abcd, (redacted)");
    }

    #[test]
    fn what_looks_like_a_secret_is_hidden_whose_ever_it_is() {
        let none = Blotter::default();
        for (said, expected) in [
            (
                "GET https://me:pass@a.example/x",
                "GET https://(redacted)@a.example/x",
            ),
            (
                "Authorization: Bearer abc.def-ghi_jkl x",
                "Authorization: Bearer (redacted) x",
            ),
            (
                "jwt eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJrIn0.c2lnbmF0dXJl.",
                "jwt (redacted)",
            ),
            ("key AGE-SECRET-KEY-1ABC.", "key (redacted)"),
            (
                "login password=x1y2, next",
                "login password=(redacted), next",
            ),
            (
                "a\n-----BEGIN EC PRIVATE KEY-----\nTUlJ\n-----END EC PRIVATE KEY-----\nb\n",
                "a\n(redacted)\n(redacted)\n(redacted)\nb\n",
            ),
            (
                "the secret default/x: not found",
                "the secret default/x: not found",
            ),
        ] {
            assert_eq!(none.blot(said), expected);
        }
    }
}
