//! Files that components are pointed at, and files for them.

use crate::Paths;
use crate::file::PlannedFile;
use crate::paths::text;

/// A JSON file; JSON is YAML, and nothing in it can be misread.
pub(super) fn json(path: std::path::PathBuf, value: &serde_json::Value) -> PlannedFile {
    PlannedFile::new(path, 0o600, format!("{value:#}\n"))
}

/// A file of the authorities', as text.
pub(super) fn pki_file(paths: &Paths, name: &str) -> String {
    text(&paths.pki().join(name))
}

/// A file of those whom the node's programs believe, as text.
pub(super) fn trust_file(paths: &Paths, name: &str) -> String {
    text(&paths.trust(name))
}

/// A leaf's file, as text.
pub(super) fn leaf_file(paths: &Paths, name: &str) -> String {
    text(&paths.leaf(name))
}
