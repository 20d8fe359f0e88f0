//! What `holdfast vm` ends with, besides 0, 1 and 2.

/// What was waited for did not come in time.
pub(super) const TIMED_OUT: u8 = 3;
/// No machine runs under that name.
pub(super) const NOT_RUNNING: u8 = 4;
