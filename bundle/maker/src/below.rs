//! Paths that an archive names, which must not lead out of it.

use std::path::{Component, Path, PathBuf};

/// A path inside a folder; none if it leads out of it.
pub(crate) fn below(folder: &Path, inside: &Path) -> Option<PathBuf> {
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
    inside.components().all(plain).then(|| folder.join(inside))
}
