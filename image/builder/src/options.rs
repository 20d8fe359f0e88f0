//! What a person asks of a build.

use crate::error::{Error, Result};
use crate::file;
use crate::packages::Mirror;
use crate::pcr_policy::PcrKey;
use crate::secure_boot::SecureBoot;
use std::path::PathBuf;

/// What the user chose.
#[derive(Debug, Clone)]
pub struct Options {
    /// Name of the board.
    pub board: String,
    /// Version of the release.
    pub version: String,
    /// A `config.yaml` to bake in, instead of the sample.
    pub config: Option<PathBuf>,
    /// Where the image goes.
    pub output: PathBuf,
    /// A Debian mirror instead of this machine's.
    pub mirror: Option<String>,
    /// A key to sign boot files with.
    pub secure_boot: Option<SecureBoot>,
    /// A key to sign what a TPM measures with; without it no state can be sealed to what this image is.
    pub pcr_key: Option<PcrKey>,
    /// A folder with programs that are built already (`init`, `pause`, `holdfast`, and the engine's
    /// four); those it lacks are built.
    pub programs: Option<PathBuf>,
    /// Make the files of the release only, and no image to flash.
    pub release_only: bool,
    /// Processors to use; all when not given.
    pub jobs: Option<usize>,
    /// The root of the release repository that the image trusts (`root.json`); without it a node takes no releases.
    pub release_root: Option<PathBuf>,
    /// What the image says about sources of configuration, as its file holds it; nothing when not given.
    pub config_policy: Option<Vec<u8>>,
    /// It says that the CONFIG partition's file must be signed.
    pub config_must_be_signed: bool,
    /// A person at the machine may ask for maintenance mode by the boot menu.
    pub maintenance_entry: bool,
    /// `SOURCE_DATE_EPOCH` of the environment.
    pub source_date_epoch: Option<String>,
}

impl Options {
    /// Where packages come from.
    pub(crate) fn mirror(&self) -> Result<Mirror> {
        self.mirror
            .as_deref()
            .map_or_else(Mirror::of_this_machine, |url| Ok(Mirror::named(url)))
    }

    /// A program that is built already.
    pub(crate) fn given(&self, program: &str) -> Option<PathBuf> {
        self.programs
            .as_ref()
            .map(|folder| folder.join(program))
            .filter(|path| path.is_file())
    }

    /// Threads to work with.
    pub(crate) fn threads(&self) -> usize {
        self.jobs
            .or_else(|| std::thread::available_parallelism().ok().map(usize::from))
            .unwrap_or(1)
    }

    /// The root that the image trusts. A file that is none, as a private key would be, does not get into an image.
    pub(crate) fn release_root(&self) -> Result<Option<Vec<u8>>> {
        let Some(path) = &self.release_root else {
            return Ok(None);
        };
        let root = file::read(path)?;
        release::check_root(&root).map_err(Error::parse(path))?;
        Ok(Some(root))
    }

    /// What the files of this image begin with.
    pub(crate) fn name(&self) -> String {
        format!("holdfast_{}_{}", self.version, self.board)
    }
}
