//! A node in a folder, for the tests of what changes its records and its boot partition.

use super::Node;
use init_api::{BootRecord, PendingTrial, Release, Root, Slot, SlotRelease, StateOutcome, paths};
use slots::{BootLoader, EntryName};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;
use upgrade_api::Record;

/// A node that runs a release from slot A; systemd-boot starts it.
pub(crate) struct Stage {
    pub(crate) node: Node,
    pub(crate) boot: BootLoader,
    folder: TempDir,
}

impl Stage {
    /// `files` are on the boot partition.
    pub(crate) fn new(running: &str, files: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        let boot = BootRecord {
            slot: Slot::A,
            root_hash: format!("hash of {running}"),
            disk: "/dev/vda".into(),
            partitions: Default::default(),
            state: StateOutcome::Clean,
            watchdog: None,
            started: Default::default(),
            trial: None,
            phases: Vec::new(),
        };
        init_api::store(root.path(paths::BOOT), &boot).expect("stored");
        let release = Release {
            version: running.into(),
            build_time: 0,
            kubernetes: None,
        };
        init_api::store(root.path(paths::RELEASE), &release).expect("stored");
        let partition = folder.path().join("partition");
        fs::create_dir_all(partition.join("EFI/Linux")).expect("folder");
        for file in files {
            fs::write(partition.join("EFI/Linux").join(file), file).expect("written");
        }
        Self {
            node: Node::read(&root).expect("a node"),
            boot: BootLoader::of(&partition, None),
            folder,
        }
    }

    /// The files on the boot partition.
    pub(crate) fn files(&self) -> Vec<String> {
        let files = fs::read_dir(self.folder.path().join("partition/EFI/Linux")).expect("folder");
        let name = |file: std::io::Result<fs::DirEntry>| file.expect("a file").file_name();
        let mut files: Vec<String> = files
            .map(|file| name(file).to_string_lossy().into_owned())
            .collect();
        files.sort_unstable();
        files
    }

    /// Where the record of upgrades is.
    pub(crate) fn record_path(&self) -> PathBuf {
        self.node.path(paths::UPGRADE).join(Record::FILE)
    }

    /// A trial of a release in slot B.
    pub(crate) fn trial(&self, version: &str, rollback: bool) -> PendingTrial {
        let entry = EntryName::of_version(version).expect("a version");
        PendingTrial {
            release: SlotRelease {
                version: version.into(),
                slot: Slot::B,
                root_hash: format!("hash of {version}"),
                entry: entry.to_string(),
                kubernetes: None,
            },
            tries: 3,
            attempts: 0,
            deadline_s: 600,
            good: self.node.running.clone(),
            rollback,
            own_config: false,
            checks: Vec::new(),
        }
    }
}
