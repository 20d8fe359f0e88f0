//! `holdfast release`: writing and checking a release repository.

mod list;
mod publish;
mod wait;

use crate::input;
use crate::lifetime::SigningTimes;
use crate::out;
use anyhow::{Context, ensure};
use clap::Subcommand;
use jiff::Timestamp;
use release::publish::{refresh, verify};
use release::{Client, Source};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
pub(crate) use wait::wait_for;

/// As much as a node reads of one.
const LARGEST_ROOT: u64 = 1 << 20;

/// Publish releases to a repository, and check it
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add a release to a repository, or give it out in one more channel or to more nodes
    Publish(Box<publish::Args>),
    /// Sign anew before signatures expire; nothing else changes
    Refresh(RefreshArgs),
    /// Read a whole repository and check every byte
    Verify(ReadArgs),
    /// Show the releases of a repository
    List(ReadArgs),
}

#[derive(Debug, clap::Args)]
struct RefreshArgs {
    /// Folder of the repository
    #[arg(long, value_name = "DIR")]
    repo: PathBuf,
    /// Folder of the keys
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,
    #[command(flatten)]
    times: SigningTimes,
}

#[derive(Debug, clap::Args)]
struct ReadArgs {
    /// Folder or address of the repository
    #[arg(long, value_name = "DIR|URL")]
    repo: String,
    /// The root to begin with, as images have it
    #[arg(long, value_name = "FILE")]
    root: PathBuf,
}

pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let now = Timestamp::now();
    match args.action {
        Action::Publish(args) => publish::run(*args, now)?,
        Action::Refresh(args) => {
            let lifetimes = args.times.lifetimes();
            let expires = wait_for(refresh(&args.repo, &args.keys, lifetimes, now))??;
            out::line(format_args!(
                "signed anew; refresh it again before {expires}"
            ))?;
        }
        Action::Verify(args) => {
            let (source, root) = (source(&args.repo)?, read_root(&args.root)?);
            let at = |file: &str| crate::out::tell!("  {file}");
            let checked = wait_for(verify(&Client::new(), &source, &root, now, at))?
                .with_context(|| format!("{source} could not be verified"))?;
            out::line(format_args!(
                "{source} is good: {} releases, {} files, {} bytes; signatures count until {}",
                checked.releases, checked.files, checked.bytes, checked.expires
            ))?;
        }
        Action::List(args) => list::run(&source(&args.repo)?, read_root(&args.root)?, now)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The root that a person names. What is none is said of the file: the repository is not to blame.
pub(crate) fn read_root(path: &Path) -> anyhow::Result<Vec<u8>> {
    let root = input::small(path, LARGEST_ROOT, "root of a repository")?;
    let json: Option<serde_json::Value> = serde_json::from_slice(&root).ok();
    ensure!(
        json.is_some_and(|json| json["signed"]["_type"] == "root"),
        "{} is no root of a repository: `holdfast keys init` writes it as root.json into the folder of the keys",
        path.display()
    );
    Ok(root)
}

/// An address, or a folder from here on.
pub(crate) fn source(text: &str) -> anyhow::Result<Source> {
    if text.contains("://") {
        return Ok(text.parse()?);
    }
    ensure!(
        !text.is_empty(),
        "--repo is empty: give the folder or the address of a repository"
    );
    let folder = std::path::absolute(text).with_context(|| format!("cannot use {text}"))?;
    Ok(Source::Folder(folder))
}
