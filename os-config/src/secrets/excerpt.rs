//! Lines of a source as they may be shown.

use std::ops::Range;

use super::blot::blotted;
use super::{hidden, line};
use crate::source::{LARGEST_TEXT, Source, SourceName};
use crate::values::text::is_unseen;

/// A source's text, with what of it must not be shown.
pub(crate) struct Excerpts {
    text: String,
    secrets: Vec<Range<usize>>,
}

/// A line as it may be shown, and where in it something stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Excerpt {
    pub(crate) text: String,
    /// From 1, in characters.
    pub(crate) column: usize,
    pub(crate) width: usize,
}

impl Excerpts {
    /// Those of `source`; of one that is too large to be read, none.
    pub(crate) fn of(source: &Source) -> Self {
        let bytes = source.text.as_slice();
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let bytes = if bytes.len() > LARGEST_TEXT {
            b""
        } else {
            bytes
        };
        let text = String::from_utf8_lossy(bytes).into_owned();
        let secrets = match source.name {
            SourceName::CommandLine => hidden::in_command_line(&text),
            _ => hidden::in_yaml(&text),
        };
        Self { text, secrets }
    }

    /// Line `number` with the place of `width` characters from `column` on, all counted from 1.
    pub(crate) fn line(&self, number: usize, column: usize, width: usize) -> Excerpt {
        let before = self.text.split_inclusive('\n').take(number - 1);
        let begin: usize = before.map(str::len).sum();
        let whole = self.text[begin..].split('\n').next().unwrap_or_default();
        let shown = whole.trim_end();
        let mut ranges = line::secrets(shown);
        let here = |range: &Range<usize>| within(range, begin, shown);
        ranges.extend(self.secrets.iter().filter_map(here));
        let ranges = joined(ranges);
        let place = |column: usize| {
            let nth = shown.char_indices().nth(column - 1);
            nth.map_or(shown.len(), |(at, _)| at)
        };
        let beyond = column.saturating_sub(shown.chars().count() + 1);
        let (from, to) = (place(column), place(column + width.max(1)));
        let from = length(&blotted(&shown[..left(from, &ranges)], &ranges));
        let to = length(&blotted(&shown[..right(to, &ranges)], &ranges));
        Excerpt {
            text: blotted(shown, &ranges)
                .chars()
                .map(|c| {
                    if is_unseen(c) && c != '\t' {
                        '\u{fffd}'
                    } else {
                        c
                    }
                })
                .collect(),
            column: from + beyond + 1,
            width: to.saturating_sub(from).max(1),
        }
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// The start of the range that `at` is in, else `at`.
fn left(at: usize, ranges: &[Range<usize>]) -> usize {
    let range = ranges.iter().find(|range| range.contains(&at));
    range.map_or(at, |range| range.start)
}

/// The end of the range that `at` is in, else `at`.
fn right(at: usize, ranges: &[Range<usize>]) -> usize {
    let inside = |range: &&Range<usize>| range.start < at && at < range.end;
    ranges.iter().find(inside).map_or(at, |range| range.end)
}

/// The part of `range` on the line that begins at byte `begin`, without the blanks around it.
fn within(range: &Range<usize>, begin: usize, line: &str) -> Option<Range<usize>> {
    let from = range.start.clamp(begin, begin + line.len()) - begin;
    let to = range.end.clamp(begin, begin + line.len()) - begin;
    let part = line.get(from..to)?;
    let from = from + (part.len() - part.trim_start().len());
    let to = from + part.trim().len();
    (from < to).then_some(from..to)
}

/// In order, and those that touch each other as one.
fn joined(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}
