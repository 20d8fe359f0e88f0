//! What apt is asked for.

use super::patterns::Patterns;
use std::collections::BTreeSet;

/// Names to resolve, and names to leave out of what was resolved.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) packages: BTreeSet<String>,
    /// Names to take without what they depend on.
    pub(crate) alone: BTreeSet<String>,
    /// What is taken from the suite's backports.
    pub(crate) backports: Patterns,
    pub(crate) without: BTreeSet<String>,
}
