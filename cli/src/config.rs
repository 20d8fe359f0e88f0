//! `holdfast config`: check, show, compare, change the one `config.yaml`.

#[cfg(feature = "node")]
mod apply;
mod exit_code;
mod file;
mod input;
#[cfg(feature = "workstation")]
mod migrate;
#[cfg(feature = "node")]
mod node;
#[cfg(feature = "workstation")]
mod sign;

use crate::out;
use clap::Subcommand;
#[cfg(feature = "workstation")]
pub(crate) use input::{beside, not_right, read};
#[cfg(feature = "node")]
pub(crate) use node::as_root_on_a_node;
#[cfg(feature = "workstation")]
pub(crate) use sign::lines as signature_lines;
use std::path::PathBuf;
use std::process::ExitCode;

/// Check, show and change the configuration.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the configuration is not right, 4 (diff) something differs.\n\
    check, schema, sample, show and explain with --file, diff with --file-before work on any machine; migrate and sign on a workstation; the others on a node, as root."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check a file and report every mistake in it
    Check {
        /// The file; - for standard input
        file: PathBuf,
    },
    /// Print the configuration in force, defaults included
    Show {
        /// Print passwords, tokens and keys as well
        #[arg(long)]
        secrets: bool,
        /// Of this file instead of the node's
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Show what would change, and what each change takes
    Diff {
        /// The new file
        file: PathBuf,
        /// Compare with this file instead of the node's configuration
        #[arg(long, value_name = "FILE")]
        file_before: Option<PathBuf>,
    },
    /// Put a file in force and keep it on the CONFIG partition
    #[cfg(feature = "node")]
    Apply(apply::Args),
    /// Keep the configuration that is on trial
    #[cfg(feature = "node")]
    Confirm,
    /// Take back the configuration that is on trial
    #[cfg(feature = "node")]
    Revert,
    /// Explain a key: its meaning, the source that decides it, and the sources that lost
    Explain {
        /// The key, such as network.interfaces[0].addresses
        key: String,
        /// In this file instead of the node's configuration
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Print the JSON Schema of config.yaml
    Schema,
    /// Turn a k3OS configuration into one for Holdfast, or Plans of the system-upgrade-controller into Upgrades, and list what
    /// could not be carried over
    #[cfg(feature = "workstation")]
    Migrate {
        /// The k3OS config.yaml, or a file with Plans; - for standard input
        file: PathBuf,
    },
    /// Print a commented config.yaml to begin with
    Sample,
    /// Sign a configuration for images that ask for it: writes FILE.sig, to lie beside the file on a stick or a server
    #[cfg(feature = "workstation")]
    Sign(sign::Args),
}

pub(crate) fn run(args: Args) -> anyhow::Result<ExitCode> {
    match args.action {
        Action::Check { file } => file::check(&file),
        Action::Show { secrets, file } => file::show(file.as_deref(), secrets),
        Action::Diff { file, file_before } => file::diff(&file, file_before.as_deref()),
        #[cfg(feature = "node")]
        Action::Apply(args) => apply::run(&args),
        #[cfg(feature = "node")]
        Action::Confirm => apply::confirm(),
        #[cfg(feature = "node")]
        Action::Revert => apply::revert(),
        Action::Explain { key, file } => file::explain(file.as_deref(), &key),
        #[cfg(feature = "workstation")]
        Action::Migrate { file } => migrate::run(&file),
        #[cfg(feature = "workstation")]
        Action::Sign(args) => sign::run(&args),
        Action::Sample => {
            out::print(os_config::sample())?;
            Ok(ExitCode::SUCCESS)
        }
        Action::Schema => {
            out::print(os_config::schema_json())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}
