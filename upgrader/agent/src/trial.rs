//! The trial of the release that runs, and the end of one that came back.
//!
//! # Guarantees
//! A release is confirmed on the boot partition first, then at PID 1, then in the records: a power cut between leaves it
//! confirmed, and the next start of the agent does the rest. A release that failed is taken off the boot partition before its
//! record goes.

use crate::checks::Checks;
use crate::found::{BootFiles, Ended, Found, Running, judge};
use crate::health::{Settling, refuses_configuration, waiting_for};
use crate::node::{Node, event, now_s};
use anyhow::Context;
use init_api::{PendingTrial, Request};
use slots::{BootLoader, Counter, EntryName};
use std::time::Duration;
use upgrade_api::{FailedRelease, Happened};

/// How often the node is looked at while a release is on trial.
const LOOK: Duration = Duration::from_secs(2);
/// Why a release is not tried again that was well, and left with `rollback`.
const LEFT_BY_HAND: &str = "somebody went back from it by hand";

/// Brings the records in line with what happened at the last boots; gives the trial that the agent has to watch, if one goes on.
///
/// # Errors
/// The boot partition or the state partition does not do what it should; nothing is lost, and the next start tries again.
pub(crate) fn settle(node: &Node) -> anyhow::Result<Option<PendingTrial>> {
    let Some(pending) = node.pending()? else {
        return Ok(None);
    };
    let name: EntryName = pending.release.entry.parse()?;
    let mounted = node.boot_partition()?;
    let boot = node.boot_loader(&mounted);
    let entry = boot.find(&name)?;
    let files = match &entry {
        Some(entry) => BootFiles::Entry(entry),
        None if boot.waits(&name) => BootFiles::Waiting,
        None => BootFiles::Missing,
    };
    let own: EntryName = node.running.entry.parse()?;
    let running = Running {
        root_hash: &node.running.root_hash,
        counter: boot.find(&own)?.and_then(|entry| entry.counter),
        starts_first: boot.starts_before(&own, &name),
        waits_for_a_word: boot.waits_for_a_word(),
    };
    let (unconfirmed, last_boot) = (node.unconfirmed(), node.last_boot());
    let ended = Ended {
        unconfirmed: unconfirmed.as_ref(),
        last_boot: last_boot.as_ref(),
    };
    match judge(&pending, &running, files, ended) {
        Found::OnTrial { counter } => {
            if counter.is_some() {
                boot.count(&name, counter)?;
            }
            Ok(Some(pending))
        }
        Found::Confirmed => {
            confirm_at_pid_1(node)?;
            record_commit(node, &pending)?;
            Ok(None)
        }
        Found::Failed { why } => {
            give_up(node, &boot, &pending, why)?;
            Ok(None)
        }
        Found::BrokenOff => {
            break_off(node, &boot, &pending, Vec::new())?;
            Ok(None)
        }
    }
}

/// As [`break_off`], in the boot in which the trial was to begin; `why` is what went wrong.
///
/// # Errors
/// As there; then the trial is still on record.
pub(crate) fn break_off_begun(
    node: &Node,
    pending: &PendingTrial,
    why: &str,
) -> anyhow::Result<()> {
    let mounted = node.boot_partition()?;
    let boot = node.boot_loader(&mounted);
    break_off(node, &boot, pending, vec![why.to_owned()])
}

/// Ends a trial whose release was never started: each entry gets the name back that it had.
///
/// # Errors
/// The boot partition does not take it, or the state partition does not let the trial go.
pub(crate) fn break_off(
    node: &Node,
    boot: &BootLoader,
    pending: &PendingTrial,
    why: Vec<String>,
) -> anyhow::Result<()> {
    let version = &pending.release.version;
    println!("release {version}: its activation was broken off; it can be activated again");
    let name: EntryName = pending.release.entry.parse()?;
    let own: EntryName = node.running.entry.parse()?;
    boot.count_by_copy(&own, None)?;
    match boot.find(&name)? {
        Some(_) if !pending.rollback => boot.disarm(&name)?,
        // It was good, and stays behind the one that runs.
        Some(_) if boot.starts_before(&own, &name) => boot.count(&name, None)?,
        Some(_) => boot.count(&name, Some(Counter::fresh(0)))?,
        None => {}
    }
    let mut record = node.record();
    record.add(event(version, Happened::BrokenOff, why));
    // State that is full takes no event, and lets the trial go all the same.
    if let Err(error) = node.store_record(&record) {
        eprintln!("it is not in the history: {error:#}");
    }
    node.end_trial()
}

/// Waits until the release that runs has proved itself, and confirms it. `tell` hears what it still waits for. It never ends by
/// itself otherwise: PID 1 keeps the deadline.
///
/// # Errors
/// It has proved itself, and cannot be confirmed.
pub(crate) async fn watch(
    node: &Node,
    pending: &PendingTrial,
    mut tell: impl FnMut(Vec<String>),
) -> anyhow::Result<()> {
    let mut settling = Settling::default();
    let checks = Checks::new(node, &pending.checks)?;
    loop {
        match node.status() {
            Ok(status) => {
                let mut waiting = waiting_for(&status);
                waiting.extend(refuses_configuration(pending, &node.configured()));
                // What asks more of the machine waits until it is well by itself.
                if waiting.is_empty() {
                    waiting = checks.failing().await;
                }
                let settled = settling.note(waiting.is_empty(), status.uptime_ms);
                tell(waiting);
                if settled {
                    return confirm(node, pending);
                }
            }
            Err(error) => tell(vec![format!("{error:#}")]),
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn confirm(node: &Node, pending: &PendingTrial) -> anyhow::Result<()> {
    let name: EntryName = pending.release.entry.parse()?;
    let mounted = node.boot_partition()?;
    let boot = node.boot_loader(&mounted);
    boot.count(&name, None)
        .context("the release is well, but it cannot be confirmed on the boot partition")?;
    drop(mounted);
    confirm_at_pid_1(node)?;
    record_commit(node, pending)
}

fn confirm_at_pid_1(node: &Node) -> anyhow::Result<()> {
    if node.is_on_trial() {
        node.pid_1()?.ask(&Request::Commit)?;
    }
    Ok(())
}

fn record_commit(node: &Node, pending: &PendingTrial) -> anyhow::Result<()> {
    let version = &pending.release.version;
    let mut record = node.record();
    record.staged = None;
    record.previous = Some(pending.good.clone());
    record
        .failed
        .retain(|failed| failed.root_hash != pending.release.root_hash);
    if pending.rollback {
        // Otherwise whoever wanted that release here, such as an `Upgrade`, would bring the node to it again.
        record.fail(FailedRelease {
            version: pending.good.version.clone(),
            root_hash: pending.good.root_hash.clone(),
            why: vec![LEFT_BY_HAND.to_owned()],
            at_s: now_s(),
        });
    }
    let details = vec![format!("after {}", pending.good.version)];
    record.add(event(version, Happened::Committed, details));
    node.store_record(&record)?;
    node.end_trial()?;
    println!("release {version} is confirmed");
    Ok(())
}

fn give_up(
    node: &Node,
    boot: &BootLoader,
    pending: &PendingTrial,
    why: Vec<String>,
) -> anyhow::Result<()> {
    let running: EntryName = node.running.entry.parse()?;
    boot.keep_only(&[&running])?;
    // One that is newer was put behind.
    boot.count_by_copy(&running, None)?;
    let release = &pending.release;
    println!("release {} failed: {}", release.version, why.join("; "));
    let mut record = node.record();
    record.staged = None;
    record.previous = None;
    record.fail(FailedRelease {
        version: release.version.clone(),
        root_hash: release.root_hash.clone(),
        why: why.clone(),
        at_s: now_s(),
    });
    record.add(event(&release.version, Happened::Failed, why));
    node.store_record(&record)?;
    node.end_trial()
}

#[cfg(test)]
mod tests;
