//! Texts of crashes that are kept on the state partition, a file each, the oldest make room.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// So many are kept.
const MOST: usize = 5;

/// The files, the oldest first.
fn all(folder: &Path) -> Vec<(u64, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut all: Vec<(u64, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let number = name.strip_suffix(".txt")?.parse().ok()?;
            Some((number, entry.path()))
        })
        .collect();
    all.sort();
    all
}

/// The file that has exactly this text: firmware that deletes nothing shows it again at each boot.
pub(super) fn find(folder: &Path, text: &str) -> Option<PathBuf> {
    let mut all = all(folder).into_iter().map(|(_, path)| path);
    all.find(|path| host::file::holds(path, text.as_bytes()))
}

/// Keeps a text; gives where.
///
/// # Errors
/// The state partition takes no writes.
pub(super) fn keep(folder: &Path, text: &str) -> io::Result<PathBuf> {
    fs::create_dir_all(folder)?;
    let all = all(folder);
    let next = all.last().map_or(1, |(last, _)| last.saturating_add(1));
    let over = (all.len() + 1).saturating_sub(MOST);
    for (_, oldest) in all.iter().take(over) {
        host::file::remove(oldest)?;
    }
    let path = folder.join(format!("{next}.txt"));
    host::file::write(&path, 0o600, text)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::{MOST, find, keep};
    use std::fs;

    #[test]
    fn the_newest_stay_and_are_found_again() {
        let folder = tempfile::tempdir().expect("folder");
        let folder = folder.path().join("crashes");
        assert_eq!(find(&folder, "crash 1"), None);
        for number in 1..=12 {
            let kept = keep(&folder, &format!("crash {number}")).expect("kept");
            assert_eq!(kept, folder.join(format!("{number}.txt")));
            fs::write(folder.join("strange"), "x").expect("written");
        }
        let files = fs::read_dir(&folder).expect("folder").count();
        assert_eq!(files, MOST + 1, "what is not ours stays");
        assert_eq!(find(&folder, "crash 8"), Some(folder.join("8.txt")));
        assert_eq!(find(&folder, "crash 7"), None);
        assert_eq!(find(&folder, "crash"), None);
    }
}
