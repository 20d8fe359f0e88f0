//! A text of which nothing can be made.

use os_config::tree::Span;
use os_config::{Finding, LARGEST_TEXT, Report, Source};

/// Refuses the text for what is wrong at `span`.
pub(super) fn refusal(
    source: &Source,
    span: Span,
    message: impl Into<String>,
    help: &str,
) -> Report {
    Report::of(source, vec![Finding::at(span, message, help)])
}

/// Refuses the text when what became of it is larger than any file that is read.
///
/// # Errors
/// It is too large.
pub(super) fn refuse_large(source: &Source, made: &str) -> Result<(), Report> {
    if made.len() <= LARGEST_TEXT {
        return Ok(());
    }
    Err(refusal(
        source,
        Span::start(0),
        "what it says is too large for one configuration, once its aliases are written out",
        "put large files on the disk or into an image",
    ))
}
