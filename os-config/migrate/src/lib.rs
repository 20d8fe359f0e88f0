//! A k3OS configuration turned into one for Holdfast.
//!
//! Flow: the k3OS text becomes a tree; each of its keys is moved to its home in a draft; the draft goes through the same
//! checks as any configuration, and what they refuse is taken out; what is left is written with everything that was
//! taken out or left behind as comments. So the output is always accepted, and nothing is lost in silence.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        reason = "a test's files need not outlast it, and its judges are programs"
    )
)]

mod arguments;
mod coerce;
mod connman;
mod draft;
mod environment;
mod files;
mod flags;
mod install;
mod keys;
mod labels;
mod manifests;
mod modules;
mod names;
mod note;
mod output;
mod programs;
mod reading;
mod refused;
mod registries;
mod settings;
mod shell;
mod unknown;

use os_config::tree::{Node, Span, Value};
use os_config::{Finding, LARGEST_TEXT, Report, Source, SourceName, remarks};

use draft::Draft;
pub use note::{Migration, Note};

/// Turns the k3OS configuration `text` into one for Holdfast. `origin` names it in messages.
///
/// # Errors
/// A [`Report`] when the text cannot be read at all: not UTF-8, not YAML, empty, too large, nested too deep, or a script.
pub fn migrate(origin: &str, text: &[u8]) -> Result<Migration, Report> {
    let source = Source::new(SourceName::ConfigPartition, origin, text);
    let mut draft = Draft::new();
    let tree = read(&mut draft, &source)?;
    keys::top(&mut draft, &tree);
    let left_out = refused::take_out(&mut draft);
    let mut migration = output::write(draft, left_out);
    if migration.yaml.len() > LARGEST_TEXT {
        return Err(refusal(
            &source,
            Span::start(0),
            "what it says is too large for one configuration, once its aliases are written out",
            "put large files on the disk or into an image",
        ));
    }
    let config = os_config::parse_config(origin, migration.yaml.as_bytes())?;
    migration.remarks = remarks(&config);
    Ok(migration)
}

fn refusal(source: &Source, span: Span, message: impl Into<String>, help: &str) -> Report {
    Report::of(source, vec![Finding::at(span, message, help)])
}

fn read(draft: &mut Draft, source: &Source) -> Result<Node, Report> {
    let start = Span::start(0);
    let text = source.readable()?;
    if text.starts_with("#!") {
        return Err(refusal(
            source,
            start,
            "this is a script, not a configuration",
            "put it into `run_commands`, or into a file with `write_files`",
        ));
    }
    let help = "name the k3OS configuration to migrate";
    let node = reading::configuration(draft, text)
        .map_err(|findings| Report::of(source, findings))?
        .ok_or_else(|| refusal(source, start, "the file is empty", help))?;
    match node.value {
        Value::Map(_) => Ok(node),
        _ => {
            let what = node.in_words();
            let message = format!("a k3OS configuration is a mapping (key: value), not {what}");
            Err(refusal(source, node.span, message, help))
        }
    }
}
