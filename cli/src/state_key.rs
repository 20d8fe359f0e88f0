//! `holdfast recovery-key` and `holdfast unlock`: the keys of an encrypted state partition in people's hands.

use crate::client::on_a_node;
use crate::config::as_root_on_a_node;
use crate::out;
use anyhow::Context;
use init_api::Root;
use node_setup::state_key::{ask_for_another, print_recovery_key, seal_again};
use std::io::{self, IsTerminal};
use std::process::ExitCode;

/// Print the recovery key of this machine's encrypted state partition; once, for it is kept no longer than that
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Keep it where the machine is not: it opens the partition when the TPM does not, as after an exchange of the mainboard, with \
    `holdfast unlock`. Whoever has it and the disk can read everything on it."
)]
pub(crate) struct RecoveryKey {
    /// Have the next start of the machine make another one, in place of the one before, which opens nothing any more then
    #[arg(long)]
    new: bool,
}

pub(crate) fn recovery_key(args: &RecoveryKey) -> anyhow::Result<ExitCode> {
    on_a_node()?;
    as_root_on_a_node()?;
    if args.new {
        ask_for_another(&Root::default())?;
        out::line(
            "the next start makes another recovery key; `holdfast recovery-key` prints it then",
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    print_recovery_key(&Root::default(), |key| {
        out::line(key).map_err(io::Error::other)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Seal the key of this machine's state partition in its TPM anew, with the recovery key, which is read from standard input
#[derive(Debug, clap::Args)]
#[command(
    after_help = "For a machine in maintenance mode whose TPM does not open its state partition: the mainboard was exchanged, the disk moved, the \
    TPM cleared."
)]
pub(crate) struct Unlock {}

pub(crate) fn unlock(_: &Unlock) -> anyhow::Result<ExitCode> {
    on_a_node()?;
    as_root_on_a_node()?;
    if io::stdin().is_terminal() {
        out::line("The recovery key, and Enter:")?;
    }
    let mut key = String::new();
    io::stdin()
        .read_line(&mut key)
        .context("cannot read the recovery key from standard input")?;
    seal_again(&Root::default(), &key)?;
    out::line(
        "this machine's TPM opens the state partition from now on; restart it: `holdfast reboot`",
    )?;
    Ok(ExitCode::SUCCESS)
}
