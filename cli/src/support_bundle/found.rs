//! What was found of a part.

/// A file of the bundle, or why there is none.
#[derive(Debug)]
pub(super) struct Found {
    /// Its name in the bundle.
    pub(super) name: String,
    /// Its text, or why it cannot be had.
    pub(super) text: Result<String, String>,
}

impl Found {
    pub(super) fn new(name: impl Into<String>, text: Result<String, String>) -> Self {
        Self {
            name: name.into(),
            text,
        }
    }
}
