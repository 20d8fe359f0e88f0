//! The suite's command line, as its `CLIENT-CLI.md` has it.

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use url::Url;

/// Reads a TUF repository as a Holdfast node does.
#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    /// Folder that shows the metadata that is trusted.
    #[arg(long, value_name = "DIR")]
    pub(crate) metadata_dir: PathBuf,
    /// Where the repository's metadata is.
    #[arg(long, value_name = "URL")]
    metadata_url: Option<Url>,
    /// A file of the repository; may be given more than once.
    #[arg(long, value_name = "NAME")]
    pub(crate) target_name: Vec<String>,
    /// Where the repository's files are.
    #[arg(long, value_name = "URL")]
    target_base_url: Option<Url>,
    /// Folder for files.
    #[arg(long, value_name = "DIR")]
    target_dir: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Trust this root first; asks nobody
    Init {
        /// The root.
        trusted_root: PathBuf,
    },
    /// Bring the trusted metadata up to date
    Refresh,
    /// The same, and take files
    Download,
}

impl Arguments {
    pub(crate) fn metadata_url(&self) -> Result<Url> {
        self.metadata_url
            .clone()
            .context("--metadata-url is missing")
    }

    pub(crate) fn target_base_url(&self) -> Result<Url> {
        let url = self.target_base_url.clone();
        url.context("--target-base-url is missing")
    }

    pub(crate) fn target_dir(&self) -> Result<&Path> {
        let folder = self.target_dir.as_deref();
        folder.context("--target-dir is missing")
    }
}
