//! What the start of containerd notes when it throws its store away: `runtime/engine/internal/imagestore`.

use serde::Deserialize;
use std::fs;
use std::path::Path;

/// `what.json`. Read leniently: a newer release may say more.
#[derive(Debug, Deserialize)]
struct Record {
    /// When it was found, RFC 3339.
    found: String,
    why: String,
}

/// What people are told about each, the oldest first.
pub(super) fn all(store: &Path) -> Vec<String> {
    let entries = fs::read_dir(store).into_iter().flatten().flatten();
    let mut folders: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().starts_with("damaged-")
        })
        .collect();
    folders.sort();
    folders
        .iter()
        .filter_map(|folder| message(folder))
        .collect()
}

fn message(folder: &Path) -> Option<String> {
    let text = fs::read(folder.join("what.json")).ok()?;
    let Record { found, why } = serde_json::from_slice(&text).ok()?;
    let folder = folder.display();
    Some(format!(
        "the store of images was found damaged at {found} ({why}) and was thrown away: images come again from the archives of \
         this node and from registries. `rm -r {folder}` ends this message"
    ))
}

#[cfg(test)]
mod tests {
    use super::all;
    use std::fs;

    #[test]
    fn each_is_told() {
        let root = tempfile::tempdir().expect("temp folder");
        let record = r#"{"found":"2026-11-02T08:00:00Z","why":"meta.db: it is empty","new":1}"#;
        for (name, record) in [
            ("damaged-1", record),
            ("damaged-2", "{"),
            ("discarded-1", record),
        ] {
            fs::create_dir(root.path().join(name)).expect("folder");
            fs::write(root.path().join(name).join("what.json"), record).expect("write");
        }
        let [told] = all(root.path()).try_into().expect("one");
        assert!(
            told.contains("found damaged at 2026-11-02T08:00:00Z (meta.db: it is empty)"),
            "{told}"
        );
        assert!(told.ends_with("damaged-1` ends this message"), "{told}");
    }
}
