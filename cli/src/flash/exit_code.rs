//! What `holdfast flash` ends with, besides 0 and 1.

/// Nobody could be asked, or nobody agreed.
pub(super) const USAGE: u8 = 2;
/// The configuration is not right.
pub(super) const NOT_RIGHT: u8 = 3;
/// A person stopped it, as shells say it.
pub(super) const STOPPED: u8 = 130;
