//! Where a cluster keeps its objects, and by that, whether there is a cluster.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Where the cluster keeps its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Datastore {
    /// A SQLite file on the only server.
    #[default]
    Sqlite,
}

/// Every kind.
const ALL: [Datastore; 1] = [Datastore::Sqlite];

impl Datastore {
    /// What is there as soon as it was used, below the cluster's folder.
    pub(crate) fn place(self) -> &'static Path {
        Path::new(match self {
            Self::Sqlite => "db/state.db",
        })
    }
}

/// The datastore in a cluster's folder. From the moment that there is one, of whatever kind, there is a cluster: authorities
/// and the key for Secrets were made before it, and losing them loses the cluster.
pub(crate) fn existing(cluster: &Path) -> Option<PathBuf> {
    let mut places = ALL.iter().map(|kind| cluster.join(kind.place()));
    places.find(|place| place.exists())
}

/// Whether there is a cluster in its folder.
pub fn cluster_exists(cluster: &Path) -> bool {
    existing(cluster).is_some()
}

#[cfg(test)]
mod tests {
    use super::cluster_exists;
    use std::fs;

    #[test]
    fn a_cluster_is_there_with_its_datastore() {
        let folder = tempfile::tempdir().expect("temp folder");
        assert!(!cluster_exists(folder.path()));
        fs::create_dir(folder.path().join("db")).expect("folder");
        assert!(!cluster_exists(folder.path()), "a folder is none yet");
        fs::write(folder.path().join("db/state.db"), "").expect("write");
        assert!(cluster_exists(folder.path()));
    }
}
