//! What generated files begin with.

/// The first line of every file that is made here.
pub(super) const MADE: &str =
    "# Made by holdfast from config.yaml at every boot; changes made here are lost.\n";
