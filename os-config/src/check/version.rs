//! The version of the format.

use crate::report::Finding;
use crate::tree::reader::parse_integer;
use crate::tree::{Kind, Node, Path, Span, Value};
use crate::values::text::shortened;

/// The version that this program reads.
pub(crate) const VERSION: u64 = 1;

/// What is wrong with the version that a file says, if anything.
pub(crate) fn config_version(node: &Node) -> Option<Finding> {
    let Value::Scalar(Kind::Integer, text) = &node.value else {
        return None;
    };
    match parse_integer(text) {
        Some(VERSION) => None,
        said => {
            let newer = said.is_some_and(|said| said > VERSION);
            let help = if newer {
                "this file is made for a newer Holdfast: upgrade the node, or write the file for version 1"
            } else {
                "write version: 1"
            };
            let message = format!(
                "version {} is not understood, only version {VERSION}",
                shortened(text)
            );
            let key = Path::default().then("version");
            Some(Finding::at(node.span, message, help).about(key))
        }
    }
}

/// A file that does not say its version.
pub(crate) fn missing_version(start: Span) -> Finding {
    Finding::at(
        start,
        "the version is missing",
        "begin the file with the line: version: 1",
    )
    .about(Path::default().then("version"))
}
