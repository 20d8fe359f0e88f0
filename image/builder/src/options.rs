//! What a person asks of a build.

use crate::error::Result;
use crate::packages::Mirror;
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
    /// A folder with programs that are built already (`init`, `pause`, `holdfast`, and the engine's
    /// four); those it lacks are built.
    pub programs: Option<PathBuf>,
    /// Processors to use; all when not given.
    pub jobs: Option<usize>,
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

    /// What the files of this image begin with.
    pub(crate) fn name(&self) -> String {
        format!("holdfast_{}_{}", self.version, self.board)
    }
}
