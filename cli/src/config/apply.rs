//! `holdfast config apply`, `confirm`, `revert`.

use super::node::{as_root_on_a_node, proposal};
use crate::client::reconfigure;
use crate::duration;
use crate::node::now;
use crate::out;
use anyhow::{Context, bail};
use init_api::{Configured, Millis, Root, paths};
use node_setup::NodeMedia;
use node_setup::change::{self, Remount};
use node_setup::trial::{self, Trial};
use os_config::{Change, Impact};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Bringing the network in line waits for leases.
const PATIENCE: Duration = Duration::from_secs(120);

/// Shorter, nobody can confirm; longer, it is no trial.
const SHORTEST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(24 * 3600);

#[derive(Debug, clap::Args)]
#[command(
    after_help = "With --try the file is in force for the given time and goes back by itself, also when the connection breaks or the machine \
    restarts, unless `holdfast config confirm` is run in time. Without --try, what of the file cannot be put in force is told in a note, the \
    file is kept nevertheless, and the exit code is 1. Where the image asks for it (`config: signed`), FILE.sig must lie beside the \
    file: `holdfast config sign` makes it."
)]
pub(super) struct Args {
    /// The new config.yaml; - for standard input
    file: PathBuf,
    /// Try it for so long: 60s, 5m, 1h
    #[arg(long = "try", value_name = "TIME", value_parser = trial_time)]
    try_for: Option<Duration>,
}

fn trial_time(text: &str) -> Result<Duration, String> {
    let time = duration::parse(text)?;
    if (SHORTEST..=LONGEST).contains(&time) {
        Ok(time)
    } else {
        Err("a trial lasts from 5s to 24h".to_owned())
    }
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let proposal = match proposal(&args.file)? {
        Ok(proposal) => proposal,
        Err(code) => return Ok(code),
    };
    if proposal.changes.is_empty() {
        out::line("no difference to what is in force")?;
    }
    for change in &proposal.changes {
        out::line(change)?;
    }
    proposal.believed()?;
    refuse_a_new_cluster(&proposal.against_cluster)?;
    let root = Root::default();
    match args.try_for {
        Some(time) => {
            let ends_ms = now()?.plus(Millis::from(time));
            proposal.try_it(&root, Trial { ends_ms })?;
            if let Err(error) = in_force() {
                trial::end(&root).context("cannot end the trial")?;
                reconfigure(PATIENCE)?;
                return Err(error.context("the trial was ended and the old configuration is back"));
            }
            out::line(format_args!(
                "on trial for {} s; keep it with: holdfast config confirm",
                time.as_secs()
            ))?;
            say_what_waits(&proposal.changes)?;
        }
        None => {
            proposal.write_to_config(&root, &mut NodeMedia, &mut Remount)?;
            let all = in_force()?;
            say_what_waits(&proposal.changes)?;
            told(
                all,
                "in force, and kept on the CONFIG partition; the file before it is /var/lib/holdfast/config/previous.yaml",
                "kept on the CONFIG partition",
            )?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn confirm() -> anyhow::Result<ExitCode> {
    as_root_on_a_node()?;
    change::confirm(&Root::default(), &mut NodeMedia, &mut Remount)?;
    let kept = "kept on the CONFIG partition";
    told(in_force()?, kept, kept)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn revert() -> anyhow::Result<ExitCode> {
    as_root_on_a_node()?;
    let root = Root::default();
    if trial::current(&root)
        .context("cannot read the trial's files")?
        .is_none()
    {
        bail!("no configuration is on trial");
    }
    trial::end(&root).context("cannot end the trial")?;
    let back = "the configuration of the CONFIG partition is back";
    told(in_force()?, back, back)?;
    Ok(ExitCode::SUCCESS)
}

/// Asks PID 1 to configure, prints what did not work, and fails when another configuration is in force. Whether all of it is.
fn in_force() -> anyhow::Result<bool> {
    let problem = reconfigure(PATIENCE)?;
    let configured: Configured = init_api::load(paths::CONFIGURED)?;
    // The node runs on by the last good one: that is not what was asked for.
    if let Some(problem) = problem.or(configured.instead.clone()) {
        bail!("{}\n{}\n{}", problem.title, problem.text, problem.cure);
    }
    for note in configured.notes() {
        out::line(format_args!("note: {note}"))?;
    }
    Ok(configured.failed.is_empty())
}

/// Says what was done, and fails when it was done in part.
fn told(all: bool, done: &str, in_part: &str) -> anyhow::Result<()> {
    if !all {
        bail!("{in_part}; not all of it is in force: see the notes above");
    }
    out::line(done)
}

/// Some keys are part of what the cluster is; with a cluster there, another value would leave a broken one.
fn refuse_a_new_cluster(against: &[String]) -> anyhow::Result<()> {
    if against.is_empty() {
        return Ok(());
    }
    bail!(
        "{}, which cannot change once it exists; nothing was changed. Write in the file what the cluster has; for a new cluster, flash the machine again or remove /var/lib/holdfast/cluster and restart",
        against.join(", ")
    )
}

fn say_what_waits(changes: &[Change]) -> anyhow::Result<()> {
    let waits: Vec<&str> = changes
        .iter()
        .filter(|change| change.impact == Impact::Reboot)
        .map(|change| change.key.as_str())
        .collect();
    if waits.is_empty() {
        return Ok(());
    }
    out::line(format_args!(
        "takes effect at the next boot (holdfast reboot): {}",
        waits.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_is_neither_too_short_nor_too_long() {
        let bounds = Err("a trial lasts from 5s to 24h".to_owned());
        for (text, expected) in [
            ("60s", Ok(Duration::from_secs(60))),
            ("5s", Ok(SHORTEST)),
            ("24h", Ok(LONGEST)),
            ("2s", bounds.clone()),
            ("25h", bounds),
            (
                "soon",
                Err("write a time such as 60s, 5m, 1h or 30d".to_owned()),
            ),
        ] {
            assert_eq!(trial_time(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_in_force_in_part_is_no_success() {
        let said = told(false, "in force, and kept", "kept").unwrap_err();
        assert_eq!(
            said.to_string(),
            "kept; not all of it is in force: see the notes above"
        );
    }
}
