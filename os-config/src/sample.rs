//! The sample that a fresh CONFIG partition holds.

/// The commented sample `config.yaml`. It is valid as it is, and stays valid when all of its examples are switched on
/// and filled in.
pub fn sample() -> &'static str {
    include_str!("sample.yaml")
}
