//! `holdfast runtime`: the cluster's side of a node. Not for people.

use crate::service_log;
use clap::Subcommand;
use runtime::address::Patience;
use runtime::{Paths, load_settings};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Action {
    /// Load the image of system workloads into containerd
    Images,
    /// Write certificates, component settings and the engine's plan
    Prepare,
    /// Hold the cluster to the configuration
    Keep,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    service_log::begin();
    let paths = Paths::default();
    let settings = load_settings(&paths)?;
    match args.action {
        Action::Images => runtime::load_system_image(&settings, &paths)?,
        Action::Prepare => {
            runtime::prepare(&settings, &paths, Patience::default())?;
        }
        Action::Keep => runtime::run_keeper(settings, paths)?,
    }
    Ok(ExitCode::SUCCESS)
}
