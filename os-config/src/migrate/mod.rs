//! A k3OS configuration turned into one for Holdfast.
//!
//! Flow: the k3OS text becomes a tree; each of its keys is moved to its home in a draft; the draft goes through the same
//! checks as any configuration, and what does not pass is taken out; what is left is written with everything that was
//! taken out or left behind as comments. So the output is always accepted, and nothing is lost in silence.

mod arguments;
mod coerce;
mod connman;
mod draft;
mod environment;
mod files;
mod flags;
mod install;
mod keys;
mod manifests;
mod names;
mod output;
mod reading;
mod registries;
mod sieve;

use std::fmt;

use crate::report::{Finding, Report};
use crate::source::{Source, SourceName};
use crate::text;
use crate::tree::{Node, Span, Value};
use draft::Draft;

/// Something that a person should know about a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The line in the k3OS file, from 1.
    pub line: usize,
    /// The key as it is written there, or the key it became.
    pub key: String,
    /// What happened to it, or what to do.
    pub message: String,
    /// True when it was carried over, if changed; false when it was left out.
    pub carried: bool,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}: {}", self.line, self.key, self.message)
    }
}

/// What became of a k3OS configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The configuration for Holdfast; it passes `load`.
    pub yaml: String,
    /// What was changed on the way and what could not be carried over, in the order of the lines.
    pub notes: Vec<Note>,
}

/// Turns the k3OS configuration `text` into one for Holdfast. `origin` names it in messages.
///
/// # Errors
/// A [`Report`] when the text cannot be read at all: not UTF-8, not YAML, empty, too large, nested too deep, or a script.
pub fn migrate(origin: &str, text: &[u8]) -> Result<Migration, Report> {
    let source = Source::new(SourceName::ConfigPartition, origin, text);
    let refused = |findings: Vec<Finding>| {
        Report::new(
            findings,
            &Node::empty(start()),
            std::slice::from_ref(&source),
        )
    };
    let mut draft = Draft::new();
    let tree = read(&mut draft, &source).map_err(refused)?;
    keys::top(&mut draft, &tree);
    let left_out = sieve::sieve(&mut draft);
    let migration = output::write(draft, left_out);
    if migration.yaml.len() > crate::LARGEST_TEXT {
        return Err(refused(vec![Finding::at(
            start(),
            "what it says is too large for one configuration, once its aliases are written out",
            "put large files on the disk or into an image",
        )]));
    }
    Ok(migration)
}

fn start() -> Span {
    Span {
        source: 0,
        line: 1,
        column: 1,
        width: 1,
    }
}

fn read(draft: &mut Draft, source: &Source) -> Result<Node, Vec<Finding>> {
    let start = start();
    let text = text::readable(source, start)?;
    if text.starts_with("#!") {
        return Err(vec![Finding::at(
            start,
            "this is a script, not a configuration",
            "put it into `run_commands`, or into a file with `write_files`",
        )]);
    }
    let node = reading::configuration(draft, text)?.ok_or_else(|| {
        vec![Finding::at(
            start,
            "the file is empty",
            "name the k3OS configuration to migrate",
        )]
    })?;
    match node.value {
        Value::Map(_) => Ok(node),
        _ => Err(vec![Finding::at(
            node.span,
            format!(
                "a k3OS configuration is a mapping (key: value), not {}",
                node.in_words()
            ),
            "name the k3OS configuration to migrate",
        )]),
    }
}
