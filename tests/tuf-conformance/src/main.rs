//! The node's reader of repositories behind the command line that the suite tuf-conformance drives, so that an independent suite
//! can judge what nodes run. It is in no image.
//!
//! What it does is [`release::Client`]'s. Here are the suite's manners: two addresses instead of one, a folder that shows the
//! metadata that is trusted, and files that are there already.

#![forbid(unsafe_code)]

mod arguments;
mod repository;
mod shown;

use anyhow::{Context, Result};
use arguments::{Arguments, Command};
use clap::Parser;
use jiff::Timestamp;
use release::{Client, Files};
use shown::Shown;
use std::path::Path;
use std::process::ExitCode;

/// The largest file that is taken.
const LARGEST: u64 = 64 << 20;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tuf-client: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let shown = Shown::new(&arguments.metadata_dir);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match &arguments.command {
        Command::Init { trusted_root } => shown.begin(trusted_root),
        Command::Refresh => runtime.block_on(refresh(arguments, &shown)).map(drop),
        Command::Download => runtime.block_on(download(arguments, &shown)),
    }
}

async fn refresh(arguments: &Arguments, shown: &Shown) -> Result<Files> {
    let source = repository::source(&arguments.metadata_url()?)?;
    let trust = shown.trust()?;
    let (accepted, files) = Client::new().files(&source, &trust, Timestamp::now()).await;
    shown.show(&accepted)?;
    Ok(files?)
}

async fn download(arguments: &Arguments, shown: &Shown) -> Result<()> {
    let (metadata, folder) = (arguments.metadata_url()?, arguments.target_dir()?);
    repository::is_beside(&arguments.target_base_url()?, &metadata)?;
    let files = refresh(arguments, shown).await?;
    for name in &arguments.target_name {
        take(&files, name, folder)
            .await
            .with_context(|| format!("{name} was not taken"))?;
    }
    Ok(())
}

/// What is there and right is not fetched again.
async fn take(files: &Files, name: &str, folder: &Path) -> Result<()> {
    let path = folder.join(name.replace('/', "%2F"));
    if std::fs::read(&path).is_ok_and(|bytes| files.is_signed(name, &bytes).is_ok()) {
        return Ok(());
    }
    let bytes = files.small(name, LARGEST).await?;
    host::file::write(&path, 0o644, bytes)
        .with_context(|| format!("cannot write {}", path.display()))
}
