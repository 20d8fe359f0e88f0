//! From bytes to a tree that fits the schema: the part that every source goes through by itself.

use crate::check::{check_structure, config_version, missing_version};
use crate::command_line;
use crate::report::{Finding, Report};
use crate::schema::schema;
use crate::source::{LARGEST_TEXT, Source, SourceName};
use crate::tree::{Node, Path, Span, Value, yaml};

/// What became of a source.
pub(crate) struct Part {
    /// Everything that fits the schema; what does not is left out.
    pub(crate) tree: Node,
    /// What is wrong with its text, its keys and its types.
    pub(crate) findings: Vec<Finding>,
}

/// Reads source number `index`.
pub(crate) fn read(source: &Source, index: usize) -> Part {
    let start = Span::start(index);
    match tree(source, start) {
        Ok((mut tree, mut findings)) => {
            findings.extend(look_over(&tree, source, start));
            for finding in &findings {
                tree.prune(finding.key.as_ref().unwrap_or(&Path::default()));
            }
            Part { tree, findings }
        }
        Err(findings) => Part {
            tree: Node::empty(start),
            findings,
        },
    }
}

/// Lays the words of source number `index` over a tree that has been read; what does not fit the schema is left out.
pub(crate) fn lay_over(tree: &mut Node, words: &Source, index: usize) -> Vec<Finding> {
    let text = match readable(words, Span::start(index)) {
        Ok(text) => text,
        Err(findings) => return findings,
    };
    let mut findings = command_line::lay_over(tree, text, index);
    findings.extend(check_structure(tree, schema()));
    for finding in &findings {
        if let Some(key) = &finding.key {
            tree.prune(key);
        }
    }
    findings
}

fn tree(source: &Source, start: Span) -> Result<(Node, Vec<Finding>), Vec<Finding>> {
    let text = readable(source, start)?;
    if source.name == SourceName::CommandLine {
        return Ok(command_line::read(text, start.source));
    }
    let node = yaml::read(text, start.source)?.ok_or_else(|| vec![empty(start)])?;
    if matches!(node.value, Value::Map(_)) {
        return Ok((node, Vec::new()));
    }
    Err(vec![Finding::at(
        node.span,
        format!(
            "the configuration must be a mapping (key: value), not {}",
            node.in_words()
        ),
        "begin the file with the line: version: 1",
    )])
}

fn look_over(node: &Node, source: &Source, start: Span) -> Vec<Finding> {
    let mut findings = check_structure(node, schema());
    if source.name == SourceName::CommandLine {
        return findings;
    }
    match node.entry("version") {
        Some(entry) => findings.extend(config_version(&entry.value)),
        None if node.entry("k3os").is_some() => {}
        None => findings.push(missing_version(start)),
    }
    if let (Some(entry), SourceName::Url) = (node.entry("config_url"), source.name) {
        findings.push(
            Finding::at(
                entry.key_span,
                "a configuration that was fetched cannot name another one to fetch",
                "put everything into one, and remove the key here",
            )
            .about(Path::default().then("config_url")),
        );
    }
    findings
}

impl Source {
    /// Its text: UTF-8, without a byte order mark, not too large.
    ///
    /// # Errors
    /// A [`Report`] when it is none.
    pub fn readable(&self) -> Result<&str, Report> {
        readable(self, Span::start(0)).map_err(|wrong| Report::of(self, wrong))
    }
}

fn readable(source: &Source, start: Span) -> Result<&str, Vec<Finding>> {
    let bytes = source.text.as_slice();
    if bytes.len() > LARGEST_TEXT {
        return Err(vec![Finding::at(
            start,
            // Not its size: whoever read it may have stopped soon after the limit.
            format!(
                "the file has more than {} MiB, the most that is read",
                LARGEST_TEXT >> 20
            ),
            "keep data out of config.yaml: fetch it with a command, or put it into an image",
        )]);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| vec![not_utf8(bytes, error.valid_up_to(), start)])
}

fn not_utf8(bytes: &[u8], at: usize, start: Span) -> Finding {
    let before = &bytes[..at];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let begin = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let column = String::from_utf8_lossy(&before[begin..]).chars().count() + 1;
    let span = Span {
        line,
        column,
        ..start
    };
    let utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    if utf16 {
        return Finding::at(span, "the file is UTF-16", "save it as UTF-8");
    }
    let byte = bytes.get(at).copied().unwrap_or_default();
    Finding::at(
        span,
        format!("byte {at} of the file, 0x{byte:02x}, is not UTF-8 text"),
        "save the file as UTF-8; binary content goes into `write_files` as base64",
    )
}

fn empty(start: Span) -> Finding {
    Finding::at(
        start,
        "the file is empty",
        "the least that it can hold is one line: version: 1",
    )
}
