//! All sources to one checked configuration.

use crate::check::{check, check_structure};
use crate::config::Config;
use crate::defaults::nowhere;
use crate::merge::merge;
use crate::raw::RawConfig;
use crate::report::{Finding, MOST_FINDINGS, Report};
use crate::schema::schema;
use crate::source::{Source, SourceName, Sources};
use crate::text;
use crate::tree::{Node, reader};

/// A checked configuration that remembers where each value came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    config: Config,
    pub(crate) tree: Node,
    /// Each source with its own tree, the weakest first.
    pub(crate) parts: Vec<(Source, Node)>,
}

impl Loaded {
    /// The checked configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// All sources as one tree, without defaults.
    pub const fn tree(&self) -> &Node {
        &self.tree
    }

    /// The checked configuration, by value.
    pub fn into_config(self) -> Config {
        self.config
    }
}

/// Reads, merges and checks all sources.
///
/// Every source is read even when an earlier one is wrong, so that one report holds all that is wrong with the texts,
/// their keys and their types. Values are checked once everything is merged: a wrong value that a stronger source
/// replaces does no harm, so a mistake on the CONFIG partition can be overridden from a USB stick.
///
/// # Errors
/// A [`Report`] with everything that is wrong.
pub fn load(sources: &Sources) -> Result<Loaded, Report> {
    let all = sources.as_slice();
    let mut parts = Vec::new();
    let mut findings = Vec::new();
    let mut tree = Node::empty(nowhere());
    for (index, source) in all.iter().enumerate() {
        let part = text::read(source, index);
        merge(&mut tree, &part.tree);
        findings.extend(part.findings);
        parts.push((source.clone(), part.tree));
    }
    finish(tree, parts, findings, all)
}

/// Reads and checks one file with single values laid over it, as for one machine of many. `words` are written as on a kernel
/// command line, one to a line. Unlike a stronger source, a value in an entry of a list changes that entry and leaves the
/// others; one for a whole list replaces it.
///
/// # Errors
/// A [`Report`] with everything that is wrong. A problem of a word has the word's line, and [`SourceName::CommandLine`].
pub fn load_with(base: Source, words: Source) -> Result<Loaded, Report> {
    let part = text::read(&base, 0);
    let mut findings = part.findings;
    let mut tree = part.tree.clone();
    findings.extend(text::lay_over(&mut tree, &words, 1));
    let alone = text::read(&words, 1).tree;
    let all = [base, words];
    let parts = all.iter().cloned().zip([part.tree, alone]).collect();
    finish(tree, parts, findings, &all)
}

fn finish(
    tree: Node,
    parts: Vec<(Source, Node)>,
    mut findings: Vec<Finding>,
    all: &[Source],
) -> Result<Loaded, Report> {
    if findings.len() >= MOST_FINDINGS {
        // Not everything wrong was found, so not everything wrong was left out of the tree.
        return Err(Report::new(findings, &tree, all));
    }
    match checked(&tree) {
        Ok(config) if findings.is_empty() => Ok(Loaded {
            config,
            tree,
            parts,
        }),
        Ok(_) => Err(Report::new(findings, &tree, all)),
        Err(wrong) => {
            let wrong = wrong.into_iter().filter(|wrong| !follows(wrong, &findings));
            let wrong: Vec<Finding> = wrong.collect();
            findings.extend(wrong);
            Err(Report::new(findings, &tree, all))
        }
    }
}

/// True for what is only wrong because something at or below it was left out: a name of the wrong type is not missing.
fn follows(wrong: &Finding, findings: &[Finding]) -> bool {
    let Some(key) = &wrong.key else { return false };
    findings
        .iter()
        .filter_map(|finding| finding.key.as_ref())
        .any(|left_out| left_out.0.starts_with(&key.0))
}

/// What the checks say against a tree, which nobody has read from a text; nothing when it is a configuration.
pub fn problems(tree: &Node) -> Vec<Finding> {
    let wrong = check_structure(tree, schema());
    if wrong.is_empty() {
        checked(tree).err().unwrap_or_default()
    } else {
        wrong
    }
}

fn checked(tree: &Node) -> Result<Config, Vec<Finding>> {
    let raw: RawConfig = reader::from_node(tree).map_err(|error| {
        vec![Finding::at(
            tree.span,
            format!("the configuration cannot be read: {error}"),
            "this is a mistake in Holdfast: the schema let it pass; please report it",
        )]
    })?;
    check(&raw)
}

/// Checks one file by itself, as `holdfast config check` does.
///
/// # Errors
/// A [`Report`] with everything that is wrong.
pub fn parse_config(origin: &str, text: &[u8]) -> Result<Config, Report> {
    let source = Source::new(SourceName::ConfigPartition, origin, text);
    load(&Sources::new().with(source)).map(Loaded::into_config)
}
