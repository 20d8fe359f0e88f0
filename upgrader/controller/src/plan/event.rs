//! An event, before it is one of the API's.

/// An object that an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Object {
    /// By its name.
    Node(String),
    /// By its name.
    Upgrade(String),
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) about: Object,
    /// Whom else it is about.
    pub(crate) related: Option<Object>,
    /// Somebody should look at it.
    pub(crate) warning: bool,
    /// In a word.
    pub(crate) reason: String,
    /// For a person.
    pub(crate) note: String,
    /// Tells it from the others of its reason about this object.
    pub(crate) occasion: String,
}
