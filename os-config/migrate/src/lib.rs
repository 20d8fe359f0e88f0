//! A k3OS configuration turned into one for Holdfast, and Plans that upgraded k3OS into Upgrades.
//!
//! A file with a Plan in it becomes manifests ([`Made::Upgrades`]), every other file a configuration. What follows is about the
//! latter; the former is told in `plan`.
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
mod foreign;
mod install;
mod keys;
mod labels;
mod manifests;
mod modules;
mod names;
mod note;
mod output;
mod plan;
mod programs;
mod reading;
mod refusal;
mod refused;
mod registries;
mod settings;
mod shell;
mod unknown;

use os_config::tree::{Node, Span, Value};
use os_config::{Report, Source, SourceName, remarks};

use draft::Draft;
pub use note::{Made, Migration, Note};
use refusal::{refusal, refuse_large};

/// Turns the k3OS configuration `text` into one for Holdfast, or the Plans in it into Upgrades. `origin` names it in messages.
///
/// # Errors
/// A [`Report`] when the text cannot be read at all: not UTF-8, not YAML, empty, too large, nested too deep, or a script; and when
/// it is a file of another system, of which nothing would be carried over.
pub fn migrate(origin: &str, text: &[u8]) -> Result<Migration, Report> {
    let source = Source::new(SourceName::ConfigPartition, origin, text);
    let text = readable(&source)?;
    if let Some(upgrades) = plan::upgrades(&source, text)? {
        return Ok(upgrades);
    }
    let mut draft = Draft::new();
    let tree = read(&mut draft, &source, text)?;
    foreign::refuse(&source, text, &tree)?;
    keys::top(&mut draft, &tree);
    let left_out = refused::take_out(&mut draft);
    let mut migration = output::write(draft, left_out);
    refuse_large(&source, &migration.yaml)?;
    let config = os_config::parse_config(origin, migration.yaml.as_bytes())?;
    migration.remarks = remarks(&config);
    Ok(migration)
}

fn readable(source: &Source) -> Result<&str, Report> {
    let text = source.readable()?;
    if text.starts_with("#!") {
        return Err(refusal(
            source,
            Span::start(0),
            "this is a script, not a configuration",
            "put it into `run_commands`, or into a file with `write_files`",
        ));
    }
    Ok(text)
}

fn read(draft: &mut Draft, source: &Source, text: &str) -> Result<Node, Report> {
    let start = Span::start(0);
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
