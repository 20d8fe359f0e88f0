//! A gate that is shut.

/// Why a node may not begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shut {
    pub(super) reason: &'static str,
    pub(super) message: String,
}

impl Shut {
    pub(super) fn new(reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
        }
    }
}
