//! Names for files that nobody may start.

use std::path::{Path, PathBuf};

/// How a file's name ends that no boot loader may start, on its way out or for good: one whose bytes may belong to another file
/// as well is not removed, since that would free them; and what a cut left of a removal is not touched again, since the kernel
/// stops writing to a file system on which it meets a file without bytes.
const ASIDE: &str = "BAD";

/// A name that is free, short, and no program's.
pub(crate) fn aside(path: &Path) -> PathBuf {
    let free = |number: &u32| {
        !path
            .with_file_name(format!("HOLD{number}.{ASIDE}"))
            .exists()
    };
    let number = (0..9999).find(free).unwrap_or(9999);
    path.with_file_name(format!("HOLD{number}.{ASIDE}"))
}
