//! What is installed: the system that runs, read from the partitions of the stick.

use disk::gpt::{self, Uuid};
use disk::layout::{PartitionRole, Slot, WantedRoot, WantedRootError};
use disk::verity::{BLOCK, Superblock, SuperblockError};
use formats::fat;
use formats::uki;
use init_api::{BootRecord, Release, Root, paths};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// More than any file of a boot or CONFIG partition has.
const LARGEST_FILE: u64 = 200 << 20;
/// Where the kernels are.
const KERNELS: &str = "EFI/Linux/";
/// A seed is one machine's own: the boot loader makes a new one.
const SEED: &str = "loader/random-seed";
/// The configuration.
const CONFIG: &str = "config.yaml";

/// Files with their paths.
pub type Files = Vec<(String, Vec<u8>)>;

/// What is installed.
#[derive(Debug)]
pub struct Source {
    /// The stick's device, `sda`.
    pub disk: String,
    /// The release.
    pub release: String,
    /// Files of the boot partition, with the running release's kernel alone.
    pub boot: Files,
    /// Files of CONFIG, without the configuration.
    pub config: Files,
    /// The configuration as it is on the stick.
    pub text: Vec<u8>,
    /// The partition with the running root.
    pub root: File,
    /// Its hash and the length of its data.
    pub wanted: WantedRoot,
    /// The length of the image with its tree.
    pub root_size: u64,
    /// The GPT type of a root.
    pub root_type: Uuid,
}

/// The stick cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A record of the boot.
    #[error("cannot read what the boot left about this stick")]
    Record(#[from] init_api::FileError),
    /// The command line says no root.
    #[error(transparent)]
    Wanted(#[from] WantedRootError),
    /// A partition is not there.
    #[error("this stick has no partition {0}")]
    Missing(&'static str),
    /// Something cannot be read.
    #[error("cannot read {path}")]
    Read {
        /// What.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file system is damaged.
    #[error("cannot read the files on {path}")]
    Files {
        /// The partition.
        path: PathBuf,
        /// What is wrong.
        source: fat::Error,
    },
    /// The table is damaged.
    #[error("cannot read the partition table of this stick")]
    Table(#[from] gpt::ReadError),
    /// The root has no hash tree.
    #[error("cannot use the root on {path}")]
    Root {
        /// The partition.
        path: PathBuf,
        /// What is wrong.
        source: SuperblockError,
    },
    /// No kernel names the running root.
    #[error("the boot partition has no kernel for the root that runs ({0}); flash the stick again")]
    NoKernel(String),
}

impl Source {
    /// Reads the stick that this machine was booted from.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn open(root: &Root) -> Result<Self, SourceError> {
        let boot: BootRecord = init_api::load(root.path(paths::BOOT))?;
        let release: Release = init_api::load(root.path(paths::RELEASE))?;
        let cmdline = root.path("/proc/cmdline");
        let text = fs::read_to_string(&cmdline).map_err(failed(&cmdline))?;
        let wanted = WantedRoot::parse(&text)?;
        let parts = &boot.partitions;
        let node = |node: &Option<PathBuf>, name| {
            let node = node.as_ref().ok_or(SourceError::Missing(name))?;
            Ok::<PathBuf, SourceError>(root.path(node))
        };
        let root_node = node(&parts.root, "for the root")?;
        let root_image = File::open(&root_node).map_err(failed(&root_node))?;
        let mut config = files(&node(&parts.config, PartitionRole::Config.name())?)?;
        let at = config
            .iter()
            .position(|(path, _)| path.eq_ignore_ascii_case(CONFIG));
        let text = at.map(|at| config.remove(at).1);
        let boot_files = files(&node(&parts.boot, PartitionRole::Boot.name())?)?;
        Ok(Self {
            disk: boot
                .disk
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            release: release.version,
            boot: boot_only(boot_files, &wanted)?,
            config,
            text: text.ok_or(SourceError::Missing("CONFIG with a config.yaml"))?,
            root_size: image_size(&root_image, &wanted, &root_node)?,
            root: root_image,
            wanted,
            root_type: root_type(&root.path(&boot.disk))?,
        })
    }
}

/// Whether the disk that this machine was started from is there no more.
pub(crate) fn is_out(root: &Root) -> bool {
    let boot: Result<BootRecord, _> = init_api::load(root.path(paths::BOOT));
    boot.is_ok_and(|boot| !root.path(&boot.disk).exists())
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> SourceError + '_ {
    move |source| SourceError::Read {
        path: path.to_owned(),
        source,
    }
}

/// All files of a volume, read without mounting it.
fn files(path: &Path) -> Result<Files, SourceError> {
    let wrong = |source| SourceError::Files {
        path: path.to_owned(),
        source,
    };
    let volume = fat::open(File::open(path).map_err(failed(path))?).map_err(wrong)?;
    let entries = volume.list().map_err(wrong)?;
    let mut files = Files::new();
    for entry in entries.into_iter().filter(|entry| !entry.directory) {
        let content = volume.read_file(&entry.path, LARGEST_FILE).map_err(wrong)?;
        files.push((entry.path, content));
    }
    Ok(files)
}

/// Without other releases' kernels, and without a boot loader's count in the name of ours.
fn boot_only(files: Files, wanted: &WantedRoot) -> Result<Files, SourceError> {
    let mut kernels = 0;
    let mut kept = Files::new();
    for (path, content) in files {
        match path.strip_prefix(KERNELS) {
            Some(name) if name.ends_with(".efi") => {
                if kernels == 0 && belongs(&content, wanted) {
                    kernels += 1;
                    kept.push((format!("{KERNELS}{}", uncounted(name)), content));
                }
            }
            _ if path == SEED => {}
            _ => kept.push((path, content)),
        }
    }
    if kernels == 0 {
        return Err(SourceError::NoKernel(wanted.hash.to_string()));
    }
    Ok(kept)
}

/// Whether a kernel's command line names this root.
fn belongs(kernel: &[u8], wanted: &WantedRoot) -> bool {
    let line = uki::section(kernel, ".cmdline").ok().flatten();
    let line = line.map(|line| String::from_utf8_lossy(line).replace('\0', " "));
    line.and_then(|line| WantedRoot::parse(&line).ok()) == Some(*wanted)
}

/// `holdfast_1.2.0+2-1.efi` is `holdfast_1.2.0.efi` whose boots are counted: on the new disk it is the good one.
fn uncounted(name: &str) -> String {
    match name.split_once('+') {
        Some((name, _)) => format!("{name}.efi"),
        None => name.to_owned(),
    }
}

fn image_size(root: &File, wanted: &WantedRoot, path: &Path) -> Result<u64, SourceError> {
    let mut block = [0; BLOCK];
    root.read_exact_at(&mut block, wanted.size)
        .map_err(failed(path))?;
    let superblock = Superblock::parse(&block).map_err(|source| SourceError::Root {
        path: path.to_owned(),
        source,
    })?;
    Ok(wanted.size + superblock.tree_size())
}

/// The type of the stick's own roots: the architecture's.
fn root_type(disk: &Path) -> Result<Uuid, SourceError> {
    let file = File::open(disk).map_err(failed(disk))?;
    let geometry = crate::device::geometry(&file).map_err(failed(disk))?;
    let table = gpt::current(&file, geometry)?;
    let root = Slot::ALL
        .into_iter()
        .find_map(|slot| table.role(slot.root()));
    Ok(root.ok_or(SourceError::Missing("for the root"))?.type_guid)
}
