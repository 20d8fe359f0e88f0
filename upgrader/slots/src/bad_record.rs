//! Why bytes are no record.

/// Bytes that are no record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRecord {
    /// It has another length.
    #[error("it has {0} bytes, and a record of the slots has 512")]
    Length(usize),
    /// Its checksum is not that of its bytes.
    #[error("its checksum is not that of its content")]
    Checksum,
    /// A line is not one of ours.
    #[error("its line {0:?} is not understood")]
    Line(String),
    /// It names no good release.
    #[error("it names no good release")]
    NoGood,
    /// Somebody else wrote it.
    #[error("it is not as this system writes it")]
    Foreign,
}
