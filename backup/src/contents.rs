//! What is in a backup, as data.

use init_api::{Root, paths};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The first file: [`crate::About`].
pub(crate) const ABOUT: &str = "backup.json";
/// The configuration, as the CONFIG partition has it.
pub(crate) const CONFIG: &str = "config.yaml";
/// Its signatures, where the image asks for them.
pub(crate) const SIGNATURES: &str = "config.yaml.sig";
/// The datastore.
pub(crate) const DATABASE: &str = "cluster/db/state.db";
/// Beside a database that is older than what its readers have seen: no revision is given twice then
/// (`runtime/engine/internal/durable`).
pub(crate) const RESTORED_MARK: &str = "cluster/db/state.db-restored";

/// A file or folder below `/var/lib/holdfast`.
struct Item {
    name: &'static str,
    /// Without it this is no node that could be restored.
    required: bool,
}

/// All but the datastore and the configuration.
const ITEMS: [Item; 9] = [
    item("cluster/pki", true),
    item("cluster/encryption.yaml", true),
    item("cluster/founding.json", true),
    item("cluster/kubernetes-minor", false),
    item("cluster/address", false),
    item("cluster/pod-network.json", false),
    item("machine-id", true),
    item("ssh", false),
    item("manifests", false),
];

const fn item(name: &'static str, required: bool) -> Item {
    Item { name, required }
}

/// A file of the node, and its name in the backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NodeFile {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// All files of the node but the datastore, in order.
///
/// # Errors
/// A folder cannot be listed, or something that must be there is not.
pub(crate) fn files(root: &Root) -> io::Result<Vec<NodeFile>> {
    let mut files = Vec::new();
    let state = root.path(paths::STATE);
    for Item { name, required } in ITEMS {
        let before = files.len();
        walk(&state.join(name), name, &mut files)?;
        if required && files.len() == before {
            let missing = state.join(name).display().to_string();
            return Err(io::Error::new(io::ErrorKind::NotFound, missing));
        }
    }
    Ok(files)
}

/// Files alone: a link in a folder of ours is somebody else's.
fn walk(path: &Path, name: &str, files: &mut Vec<NodeFile>) -> io::Result<()> {
    let about = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        about => about?,
    };
    if about.is_dir() {
        let mut entries: Vec<_> = fs::read_dir(path)?.collect::<Result<_, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let file = entry.file_name().to_string_lossy().into_owned();
            // A file that was being written when the power went.
            if !file.starts_with('.') {
                walk(&entry.path(), &format!("{name}/{file}"), files)?;
            }
        }
    } else if about.is_file() {
        files.push(NodeFile {
            name: name.to_owned(),
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// Whether a name may stand in a backup.
pub(crate) fn is_known(name: &str) -> bool {
    let plain = name
        .split('/')
        .all(|part| !part.is_empty() && part != "." && part != "..");
    let of_an_item = ITEMS.iter().any(|item| {
        let rest = name.strip_prefix(item.name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    plain && (of_an_item || [ABOUT, CONFIG, SIGNATURES, DATABASE].contains(&name))
}

/// What a backup must have.
pub(crate) fn missing(files: &[String]) -> Option<&'static str> {
    let has = |wanted: &str| {
        files.iter().any(|file| {
            let rest = file.strip_prefix(wanted);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    };
    let required = ITEMS.iter().filter(|item| item.required);
    let mut names = required.map(|item| item.name).chain([DATABASE]);
    names.find(|name| !has(name))
}

#[cfg(test)]
mod tests {
    use super::is_known;

    #[test]
    fn no_name_leads_elsewhere() {
        for (name, known) in [
            ("cluster/pki/ca.key", true),
            ("cluster/pki/previous/ca.key", true),
            ("config.yaml.sig", true),
            ("machine-id", true),
            ("cluster/db/state.db", true),
            ("ssh/../../../etc/passwd", false),
            ("/etc/passwd", false),
            ("cluster", false),
            ("cluster/pkix", false),
            ("upgrade/trial.json", false),
            ("ssh//x", false),
            ("", false),
        ] {
            assert_eq!(is_known(name), known, "{name}");
        }
    }
}
