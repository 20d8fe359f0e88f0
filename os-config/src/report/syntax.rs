//! The YAML parser's complaints in an operator's words.

use serde_saphyr::granit_parser::{ErrorKind, ScanError};

use super::Finding;
use crate::tree::Span;

/// A finding for a syntax error in `text`.
pub(crate) fn explain(error: &ScanError, text: &str, source: usize) -> Finding {
    let mark = error.marker();
    if let Some(tab) = tab_near(text, mark.line()) {
        return Finding::at(
            Span { source, ..tab },
            "this line is indented with a tab",
            "YAML allows only spaces: use two for each level",
        );
    }
    if let Some((span, blank)) = odd_blank_near(text, mark.line()) {
        let (message, help) = odd_blank_in_words(blank);
        return Finding::at(Span { source, ..span }, message, help);
    }
    let span = Span {
        source,
        line: mark.line().max(1),
        column: mark.col() + 1,
        ..Span::start(source)
    };
    let (message, help) = message_and_help(error.kind(), text, mark.line());
    Finding::at(span, message, help)
}

/// True for blanks that look like one and are none to YAML: the no-break space and its kin.
pub(crate) fn is_odd_blank(c: char) -> bool {
    matches!(
        c,
        '\u{a0}' | '\u{2000}'..='\u{200b}' | '\u{202f}' | '\u{205f}' | '\u{3000}' | '\u{feff}'
    )
}

/// What is wrong about such a blank, and its cure.
pub(crate) fn odd_blank_in_words(blank: char) -> (String, String) {
    let code = u32::from(blank);
    (
        format!("here is a blank that YAML does not take for one (U+{code:04X})"),
        "write an ordinary blank in its place; text from a web page or a chat often has others"
            .to_owned(),
    )
}

/// Such a blank on the line in question or on a neighbour.
fn odd_blank_near(text: &str, line: usize) -> Option<(Span, char)> {
    let near = |number: &usize| (line.saturating_sub(1)..=line + 1).contains(number);
    let lines = text.lines().enumerate().map(|(at, text)| (at + 1, text));
    lines
        .filter(|(number, _)| near(number))
        .find_map(|(line, text)| {
            let (at, blank) = text.chars().enumerate().find(|(_, c)| is_odd_blank(*c))?;
            let span = Span {
                source: 0,
                line,
                column: at + 1,
                ..Span::start(0)
            };
            Some((span, blank))
        })
}

/// A tab in the indentation of the line in question or of a neighbour: the parser often notices late.
fn tab_near(text: &str, line: usize) -> Option<Span> {
    let near = |number: &usize| (line.saturating_sub(1)..=line + 1).contains(number);
    text.lines()
        .enumerate()
        .map(|(at, text)| (at + 1, text))
        .filter(|(number, _)| near(number))
        .find_map(|(number, text)| {
            let indent = text.len() - text.trim_start_matches([' ', '\t']).len();
            let tab = text[..indent].find('\t')?;
            Some(Span {
                source: 0,
                line: number,
                column: tab + 1,
                ..Span::start(0)
            })
        })
}

fn message_and_help(kind: &ErrorKind, text: &str, line: usize) -> (String, String) {
    let words = |message: &str, help: &str| (message.to_owned(), help.to_owned());
    match kind {
        ErrorKind::UnclosedQuotedScalar => words(
            "a quote is opened and not closed",
            "close it, or leave both quotes out",
        ),
        ErrorKind::InvalidQuotedScalarIndent => words(
            "a quote opened above is still open here",
            "close it on its own line, or leave both quotes out",
        ),
        ErrorKind::InvalidColonPlacement => words(
            "there is a `:` where no key can be",
            "look for a bracket, brace or quote that is still open above; text with a colon goes in quotes",
        ),
        ErrorKind::UnclosedFlowCollection { open } => words(
            &format!("a `{open}` is opened and not closed"),
            "close it on the same line, or write the list with one `- item` a line",
        ),
        ErrorKind::RecursionLimitExceeded => words(
            "values are nested too deeply here",
            "nothing in config.yaml is nested deeper than ten levels",
        ),
        ErrorKind::UnknownAnchor => words(
            "this alias repeats a value that is not marked anywhere above",
            "write the value out; text that begins with `*` goes in quotes",
        ),
        ErrorKind::MappingValueNotAllowed => words(
            "there is a `:` where no key can be",
            "indent the keys of one group alike; text with a colon and a blank in it goes in quotes",
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => words(
            "this is neither `key: value` nor a list item",
            &colon_help(text, line),
        ),
        ErrorKind::ExpectedBlockMappingKey | ErrorKind::InvalidIndentation => words(
            "the indentation does not fit the lines above",
            "indent the keys of one group alike, with spaces",
        ),
        ErrorKind::BlockSequenceEntryNotAllowed => words(
            "there is a list item where no list can be",
            "put `- item` on a line of its own below its key",
        ),
        // A disk that lost its end in a power cut, and text in UTF-16 without its mark, have these.
        ErrorKind::UnexpectedCharacter { character: '\0' } => words(
            "here is a NUL byte, which no text has",
            "save the file as UTF-8; if it was whole before, it was damaged: bring it back from a copy",
        ),
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => words(
            &format!(
                "here is a control character (U+{:04X}), which YAML does not take",
                u32::from(*character)
            ),
            "remove it; in double quotes it can be written as `\\x` and two digits, such as `\\x1b`",
        ),
        ErrorKind::UnexpectedCharacter { character } => words(
            &format!("`{}` cannot begin a value", character.escape_default()),
            "put the value in quotes",
        ),
        other => words(
            &format!("this is not YAML: {other}"),
            "look at the line and the one above: indentation, colons, quotes",
        ),
    }
}

fn colon_help(text: &str, line: usize) -> String {
    let shown = text.lines().nth(line.saturating_sub(1)).unwrap_or("");
    let glued = shown.split_once(':').is_some_and(|(_, after)| {
        !after.is_empty() && !after.starts_with(' ') && !after.starts_with("//")
    });
    if glued {
        "write a blank after the colon".to_owned()
    } else {
        "write `key: value`, or indent the line below the key it belongs to".to_owned()
    }
}
