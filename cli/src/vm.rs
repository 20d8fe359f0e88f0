//! `holdfast vm`: the image in a virtual machine on this host.

mod board;
mod bring;
mod exit_code;
mod image;
mod options;
mod origin;
mod plan;
mod progress;
mod reach;
mod running;
mod stop;
mod up;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use exit_code::NOT_RUNNING;
use machine::Error;

/// Boot the image in a virtual machine (QEMU) and reach into it.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not in time (up --wait-ready, stop), 4 no machine of that name runs (`stop` then ends with 0).\n\
    `kubectl` and `ssh` return the exit code of the program they run.\n\
    A machine lives in build/vm/NAME (or $HOLDFAST_VM_DIR/NAME): disk, UEFI variables, ssh key, kubeconfig, console.log."
)]
pub struct Args {
    /// The machine's name; several run side by side under different names
    #[arg(long, global = true, default_value = "default", value_parser = name)]
    name: String,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Start the machine; its disk is made from the image the first time and kept afterwards
    Up(options::Args),
    /// Shut the machine down in order; its disk stays
    Stop(stop::Args),
    /// Say whether the machine runs, and how to reach it
    Status,
    /// Run kubectl against the machine's cluster
    Kubectl {
        /// Arguments of kubectl, after `--`
        #[arg(last = true, required = true)]
        arguments: Vec<String>,
    },
    /// Log in by ssh, or run a command there
    Ssh {
        /// The command, after `--`
        #[arg(last = true)]
        command: Vec<String>,
    },
    /// Attach to the serial console (Ctrl-] leaves); without a terminal, follow it until the machine ends
    Console,
}

/// Runs `holdfast vm`.
///
/// # Errors
/// Whatever stopped it; conditions that scripts ask for are exit codes instead.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let dir = folder(&args.name);
    let done = match args.action {
        Action::Up(up) => up::run(&dir, &args.name, &up),
        Action::Stop(stop) => stop::run(&dir, &stop),
        Action::Status => reach::status(&dir),
        Action::Kubectl { arguments } => reach::kubectl(&dir, &arguments),
        Action::Ssh { command } => reach::ssh(&dir, &command),
        Action::Console => reach::console(&dir),
    };
    done.or_else(|error| {
        let off = |cause: &Error| matches!(cause, Error::NotRunning { .. });
        if !error
            .chain()
            .filter_map(|cause| cause.downcast_ref())
            .any(off)
        {
            return Err(error);
        }
        crate::report::report(&error);
        Ok(ExitCode::from(NOT_RUNNING))
    })
}

/// Where the machine of this name lives.
fn folder(name: &str) -> PathBuf {
    let machines = std::env::var_os("HOLDFAST_VM_DIR")
        .map_or_else(|| PathBuf::from("build/vm"), PathBuf::from);
    machines.join(name)
}

/// A name that is a folder's and fits on a command line.
fn name(text: &str) -> Result<String, String> {
    let plain = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if plain && !text.is_empty() {
        return Ok(text.to_owned());
    }
    Err("use letters, digits, - and _".to_owned())
}
