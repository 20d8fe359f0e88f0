//! What the lenient reader met.

use crate::tree::{Node, Span};

/// What the lenient reader met.
#[derive(Default)]
pub struct Oddities {
    /// What was met, in order.
    pub met: Vec<Oddity>,
    /// Where bytes that are no text stand: their values are in base64.
    pub bytes: Vec<Span>,
}

/// Something that the strict reader refuses.
pub struct Oddity {
    /// Where.
    pub span: Span,
    /// The key, or what stands in its place.
    pub key: String,
    /// What was made of it.
    pub message: String,
    /// What gave way, when something did.
    pub lost: Option<Node>,
}
