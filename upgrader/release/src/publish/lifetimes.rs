//! How long what is signed counts.

use jiff::SignedDuration;

/// How long signatures count.
#[derive(Debug, Clone, Copy)]
pub struct Lifetimes {
    /// Of the list of files.
    pub targets: SignedDuration,
    /// Of the two files that say which list is the newest. A node that is given an old state notices when these expire.
    pub newest: SignedDuration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Lifetimes {
            targets: SignedDuration::from_hours(365 * 24),
            newest: SignedDuration::from_hours(30 * 24),
        }
    }
}
