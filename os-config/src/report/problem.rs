//! The report that a person reads.

use std::collections::HashMap;
use std::fmt;

use super::Finding;
use crate::secrets::{self, Excerpt, Excerpts};
use crate::source::{Source, SourceName};
use crate::tree::{Node, Span};

/// More problems than this are counted, not shown.
const MOST_SHOWN: usize = 40;

/// One thing wrong, with all that is needed to find and mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which place the configuration came from; `None` when no source is to blame.
    pub source: Option<SourceName>,
    /// The file or URL.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// The key, such as `network.interfaces[0].addresses[1]`; `None` for problems of the text as such.
    pub key: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
    /// The line itself, secrets blotted out, and where in it the caret goes.
    excerpt: Excerpt,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.message)?;
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "{margin}--> {}:{}:{}", self.file, self.line, self.column)?;
        if !self.excerpt.text.is_empty() {
            let (window, column) = window(&self.excerpt.text, self.excerpt.column);
            let room = window.chars().count().saturating_sub(column - 1).max(1);
            let caret = "^".repeat(self.excerpt.width.min(room));
            let before: String = window
                .chars()
                .take(column - 1)
                .map(|c| if c == '\t' { '\t' } else { ' ' })
                .collect();
            writeln!(f, "{margin} |")?;
            writeln!(f, "{number} | {window}")?;
            writeln!(f, "{margin} | {before}{caret}")?;
        }
        if let Some(key) = &self.key {
            writeln!(f, "{margin} = key: {key}")?;
        }
        if !self.help.is_empty() {
            writeln!(f, "{margin} = help: {}", self.help)?;
        }
        Ok(())
    }
}

/// The part of a long line around `column`, and the column in it.
fn window(line: &str, column: usize) -> (String, usize) {
    const WIDEST: usize = 120;
    let length = line.chars().count();
    if length <= WIDEST {
        return (line.to_owned(), column.min(length + 1));
    }
    let start = (column - 1).saturating_sub(WIDEST / 2).min(length - WIDEST);
    let mut part: String = line.chars().skip(start).take(WIDEST).collect();
    part.push('…');
    (part, (column - start).min(WIDEST + 1))
}

/// Everything wrong with a configuration. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    problems: Vec<Problem>,
}

impl Report {
    /// Findings made presentable: sorted by place, each with its line.
    pub(crate) fn new(findings: Vec<Finding>, tree: &Node, sources: &[Source]) -> Self {
        let mut placed: Vec<(Span, Finding)> = findings
            .into_iter()
            .map(|finding| (finding.span(tree), finding.shortened(tree)))
            .collect();
        placed.sort_by_key(|(span, _)| *span);
        let mut excerpts: HashMap<usize, Excerpts> = HashMap::new();
        let problems = placed
            .into_iter()
            .map(|(span, finding)| {
                let source = sources.get(span.source);
                let excerpt = source.map(|source| {
                    let all = excerpts.entry(span.source);
                    let all = all.or_insert_with(|| Excerpts::of(source));
                    all.line(span.line, span.column, span.width)
                });
                problem(span, finding, source, excerpt)
            })
            .collect();
        Self { problems }
    }

    /// What is wrong with one source.
    pub fn of(source: &Source, findings: Vec<Finding>) -> Self {
        let nothing = Node::empty(Span::start(0));
        Self::new(findings, &nothing, std::slice::from_ref(source))
    }

    /// The problems, in the order of the sources and of their lines.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

fn problem(
    span: Span,
    finding: Finding,
    source: Option<&Source>,
    excerpt: Option<Excerpt>,
) -> Problem {
    Problem {
        source: source.map(|source| source.name),
        file: source.map_or_else(
            || "built-in defaults".to_owned(),
            |source| secrets::hide_credentials(&source.origin),
        ),
        line: span.line,
        column: span.column,
        key: finding
            .key
            .as_ref()
            .filter(|key| !secrets::is_secret_key(key, false))
            .map(ToString::to_string)
            .filter(|key| !key.is_empty()),
        message: finding.message,
        help: finding.help,
        excerpt: excerpt.unwrap_or_default(),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in self.problems.iter().take(MOST_SHOWN) {
            writeln!(f, "{problem}")?;
        }
        match self.problems.len() {
            1 => write!(f, "1 problem"),
            count if count >= super::MOST_FINDINGS => write!(
                f,
                "{count} problems and maybe more, the first {MOST_SHOWN} are shown"
            ),
            count if count > MOST_SHOWN => {
                write!(f, "{count} problems, the first {MOST_SHOWN} are shown")
            }
            count => write!(f, "{count} problems"),
        }
    }
}

impl std::error::Error for Report {}
