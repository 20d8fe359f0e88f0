//! What a person is told while it runs.

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Writing.
    Write,
    /// Waiting until the device has everything.
    Flush,
    /// Reading back and comparing.
    Verify,
}

/// Who watches, and may stop it.
pub trait Watch {
    /// A phase has come so far, in bytes.
    fn at(&mut self, phase: Phase, done: u64, total: u64);
    /// Whether to stop; asked after every piece.
    fn stop(&self) -> bool;
}
