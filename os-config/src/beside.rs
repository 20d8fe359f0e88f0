//! Files that stand beside a `config.yaml`.

/// The file with its signatures.
pub const SIGNATURES: &str = "config.yaml.sig";

/// A note on the CONFIG partition of an image that takes a `config.yaml` only with [`SIGNATURES`] beside it. People read it, and so
/// do programs that write such images.
pub const SIGNED_NOTE: &str = "SIGNED.txt";
