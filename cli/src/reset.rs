//! `holdfast reset`: the machine as it was flashed.

use crate::client::{connect, on_a_node};
use crate::config::as_root_on_a_node;
use crate::out;
use anyhow::{Context, bail};
use init_api::{Asked, Asker, Down, Request, Root};
use node_setup::reset::{Reset, request};
use std::process::ExitCode;

/// Reset this machine to what it was when it was flashed: the cluster, its volumes and all that lasts is gone
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The installed releases stay. Without a way to log in, an empty file `reset` at the top of a USB stick with the label \
    HOLDFAST does the same at the next boot; the word keep-config or wipe-secrets in it is the option. On a PC so does the boot menu's \
    second entry (hold the space bar while the machine starts)."
)]
pub(crate) struct Args {
    /// Keep config.yaml: the machine begins again as a new node
    #[arg(long, conflicts_with = "wipe_secrets")]
    keep_config: bool,
    /// Overwrite what was there, so that it cannot be read from the disk; takes as long as writing the whole disk
    #[arg(long)]
    wipe_secrets: bool,
    /// Do it; without this, only say what would be done
    #[arg(long)]
    yes: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    on_a_node()?;
    as_root_on_a_node()?;
    let reset = match (args.keep_config, args.wipe_secrets) {
        (true, _) => Reset::KeepConfig,
        (false, true) => Reset::WipeSecrets,
        (false, false) => Reset::Everything,
    };
    if !args.yes {
        bail!(
            "{}; say --yes to do it. `holdfast backup` saves the node before",
            consequence(reset)
        );
    }
    request(&Root::default(), reset)?;
    let restart = Request::GoDown {
        down: Down::Reboot,
        asked: Asked::by(Asker::Reset),
    };
    connect()
        .and_then(|mut client| Ok(client.ask(&restart)?))
        .context("the reset is noted, and the next start of the machine does it; it cannot be restarted now")?;
    out::line("restarting; the next boot resets the machine")?;
    Ok(ExitCode::SUCCESS)
}

fn consequence(reset: Reset) -> &'static str {
    match reset {
        Reset::KeepConfig => {
            "the cluster, its volumes and all else that this machine keeps would be gone for good, but for config.yaml"
        }
        Reset::Everything => {
            "the cluster, its volumes, config.yaml and all else that this machine keeps would be gone for good; without a configuration \
             nobody can log in"
        }
        Reset::WipeSecrets => {
            "the cluster, its volumes, config.yaml and all else that this machine keeps would be gone for good, and overwritten; without a \
             configuration nobody can log in"
        }
    }
}
