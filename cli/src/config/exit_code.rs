//! What `holdfast config` ends with, besides 0, 1 and 2.

/// A configuration is not right.
pub(super) const NOT_RIGHT: u8 = 3;
/// `diff` found differences.
pub(super) const DIFFERENT: u8 = 4;
