//! Booting another release on trial.
//!
//! # Guarantees
//! Everything that could be wrong with the release or with the boot partition is looked for before anything changes. The record
//! of the trial is on state before the boot loader may start the release, so that no boot of it goes uncounted. What fails after
//! that is undone ([`all_or_nothing`]): a trial on record that nobody restarts for would keep the node from its work.

use crate::checks::Checks;
use crate::firmware;
use crate::node::{Node, event};
use crate::secure_boot;
use anyhow::{Context, bail};
use disk::verity::{BLOCK, RootHash, Superblock};
use init_api::{Asked, Asker, Down, HealthCheck, Minor, PendingTrial, Request, SlotRelease, paths};
use slots::{BootLoader, Counter, DirectReader, EntryName};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use upgrade_api::{Happened, Record};

/// Lets the boot loader start the staged release, and restarts the machine. Gives its version.
///
/// # Errors
/// Nothing is staged, or what is staged is not whole any more; the node stays as it is.
pub(crate) fn activate(
    node: &Node,
    deadline_s: u64,
    checks: &[HealthCheck],
) -> anyhow::Result<String> {
    let record = node.record();
    let Some(staged) = record.staged.clone() else {
        bail!("no release is staged: `holdfast upgrade stage` writes one to the spare slot");
    };
    let release = staged.release;
    check_root(&node.spare()?, staged.root_size, &release.root_hash)?;
    let name: EntryName = release.entry.parse()?;
    let mounted = node.boot_partition()?;
    let boot = node.boot_loader(&mounted);
    boot.check_waiting(&name, &staged.uki_sha256)?;
    // What the firmware trusts may have changed since it was staged.
    if let Some(uki) = boot.waiting_program_of(&name) {
        secure_boot::refuse(node, &boot, &release.version, &uki)?;
    }
    let running = behind(node, &boot, &name)?;
    let trial = PendingTrial {
        checks: checks.to_vec(),
        ..trial(node, &boot, &release, deadline_s, false)
    };
    put_on_trial(node, &boot, record, &trial, running.as_ref())?;
    drop(mounted);
    restart(node, Asker::Upgrade, &release)?;
    Ok(release.version)
}

/// The next boot says that this was why.
fn restart(node: &Node, by: Asker, release: &SlotRelease) -> anyhow::Result<()> {
    node.pid_1()?.ask(&Request::GoDown {
        down: Down::Reboot,
        asked: Asked::about(by, format!("to release {}", release.version)),
    })?;
    Ok(())
}

/// As [`activate`], with the release that ran before this one.
///
/// # Errors
/// It is not there any more; or its Kubernetes is older by a minor, and nobody said that this is meant.
pub(crate) fn roll_back(
    node: &Node,
    deadline_s: u64,
    older_kubernetes: bool,
) -> anyhow::Result<String> {
    let record = node.record();
    let Some(release) = record.previous.clone() else {
        bail!("there is no release to go back to: the other slot holds none that ran here");
    };
    if !older_kubernetes {
        refuse_older_kubernetes(&node.running, &release)?;
    }
    let mounted = node.boot_partition()?;
    let boot = node.boot_loader(&mounted);
    let name: EntryName = release.entry.parse()?;
    if boot.find(&name)?.is_none() {
        bail!(
            "the boot files of release {} are not there any more",
            release.version
        );
    }
    if let Some(uki) = boot.program_of(&name)? {
        secure_boot::refuse(node, &boot, &release.version, &uki)?;
    }
    let running = behind(node, &boot, &name)?;
    let trial = trial(node, &boot, &release, deadline_s, true);
    put_on_trial(node, &boot, record, &trial, running.as_ref())?;
    drop(mounted);
    restart(node, Asker::Rollback, &release)?;
    Ok(release.version)
}

/// The entry that runs, if the boot loader would start it before `name`; there is room to put it behind then.
fn behind(node: &Node, boot: &BootLoader, name: &EntryName) -> anyhow::Result<Option<EntryName>> {
    let running: EntryName = node.running.entry.parse()?;
    if !boot.starts_before(&running, name) {
        return Ok(None);
    }
    boot.check_room_to_copy(&running)?;
    Ok(Some(running))
}

/// Writes the trial down, and lets the boot loader start its release instead of the one that runs.
fn put_on_trial(
    node: &Node,
    boot: &BootLoader,
    record: Record,
    trial: &PendingTrial,
    running: Option<&EntryName>,
) -> anyhow::Result<()> {
    begin(node, boot, record, trial)?;
    let name: EntryName = trial.release.entry.parse()?;
    match trial.rollback {
        true => boot.count(&name, Some(Counter::fresh(boot.tries())))?,
        false => boot.arm(&name, boot.tries())?,
    }
    put_behind(boot, running)
}

/// The boot loader takes the newest version first, so a newer one that runs has to stand behind: as spent, it comes last. When
/// the tries of the older one are spent, too, the newer one is first again. One that is older stays as it is: both spent, the
/// newer one would be started for ever.
fn put_behind(boot: &BootLoader, running: Option<&EntryName>) -> anyhow::Result<()> {
    if let Some(running) = running {
        boot.count_by_copy(running, Some(Counter::fresh(0)))?;
    }
    Ok(())
}

/// Carries out `begin`, for a node without a trial. If it fails after it wrote one down, `break_off` ends that.
///
/// # Errors
/// It failed. Where the trial is still on record then, breaking it off failed, too.
pub(crate) fn all_or_nothing(
    node: &Node,
    begin: impl FnOnce(&Node) -> anyhow::Result<String>,
    break_off: impl FnOnce(&PendingTrial, &str) -> anyhow::Result<()>,
) -> anyhow::Result<String> {
    refuse_during_a_trial(node)?;
    let error = match begin(node) {
        Ok(version) => return Ok(version),
        Err(error) => error,
    };
    // Whatever is on record now was written by `begin`.
    if let Some(begun) = node.pending()? {
        break_off(&begun, &format!("{error:#}"))
            .with_context(|| format!("{error:#}; and that cannot be undone yet"))?;
    }
    Err(error)
}

fn refuse_during_a_trial(node: &Node) -> anyhow::Result<()> {
    if let Some(pending) = node.pending()? {
        bail!(
            "release {} is on trial: wait until it is confirmed, or has gone back",
            pending.release.version
        );
    }
    Ok(())
}

/// A check that fails already, in the release that runs, would end the trial for sure, and with a wrong reason: so it is told before
/// the node restarts. Its pods were moved away already, if they are: they come back when the trial is over, so nothing is better then.
///
/// # Errors
/// One does not hold, or cannot be carried out.
pub(crate) async fn refuse_failing(node: &Node, checks: &[HealthCheck]) -> anyhow::Result<()> {
    refuse_missing(node, checks)?;
    // Without a release that waits there is another reason.
    if node.record().staged.is_none() {
        return Ok(());
    }
    if let Some(failing) = Checks::new(node, checks)?.first_failing().await {
        bail!(
            "{failing}; it fails already before the upgrade, so a trial could only fail, too: see to what it asks for, or take it out of `health.checks`"
        );
    }
    Ok(())
}

/// A check that cannot be carried out would end the trial for sure.
fn refuse_missing(node: &Node, checks: &[HealthCheck]) -> anyhow::Result<()> {
    for check in checks {
        if let HealthCheck::Command { name } = check {
            if name.contains('/') || name.starts_with('.') {
                bail!(
                    "{name:?} is no name of a check: it is a file in {}",
                    paths::CHECKS
                );
            }
            let program = node.path(&check.to_string());
            if !program.is_file() {
                bail!(
                    "the check {} is not on this node: have config.yaml write it (`write_files`), or take it out of `health.checks`",
                    program.display()
                );
            }
        }
    }
    Ok(())
}

/// Since the release that runs was confirmed, its Kubernetes has written what an older minor may not be able to read.
fn refuse_older_kubernetes(running: &SlotRelease, release: &SlotRelease) -> anyhow::Result<()> {
    let minor = |of: &SlotRelease| of.kubernetes.as_deref()?.parse::<Minor>().ok();
    match (minor(running), minor(release)) {
        (Some(now), Some(then)) if then < now => bail!(
            "release {} has Kubernetes {then}, and {now} has written the datastore since {} was confirmed: the older one may not be able to read all of it. \
             `--older-kubernetes` goes back all the same, on trial",
            release.version,
            running.version
        ),
        _ => Ok(()),
    }
}

fn trial(
    node: &Node,
    boot: &BootLoader,
    release: &SlotRelease,
    deadline_s: u64,
    rollback: bool,
) -> PendingTrial {
    PendingTrial {
        release: release.clone(),
        tries: boot.tries(),
        attempts: 0,
        deadline_s,
        good: node.running.clone(),
        rollback,
        own_config: node.configured().instead.is_none(),
        checks: Vec::new(),
    }
}

/// Proves that the boot partition takes writes, and writes the trial down.
fn begin(
    node: &Node,
    boot: &BootLoader,
    mut record: Record,
    trial: &PendingTrial,
) -> anyhow::Result<()> {
    let version = &trial.release.version;
    boot.check_one_shot(|path| node.path(path).exists())?;
    firmware::refuse_old(node, boot)?;
    let content = format!("{version} {}", crate::node::now_s());
    boot.prove_writable(content.as_bytes())
        .context("the boot partition must take writes before a release is tried, or the boot loader could not count its tries")?;
    node.begin_trial(trial)?;
    record.add(event(version, Happened::Activated, Vec::new()));
    node.store_record(&record)
        .context("cannot write down that the release is tried")
}

/// Checks that the slot holds the root with this hash, by its superblock and the top of its tree. All of it was read back when
/// it was written, and dm-verity checks each block again.
fn check_root(device: &Path, root_size: u64, expected: &str) -> anyhow::Result<()> {
    let expected: RootHash = expected.parse().context("the record names no root hash")?;
    let mut blocks = vec![0; 2 * BLOCK];
    let mut reader =
        DirectReader::open(device).with_context(|| format!("cannot open {}", device.display()))?;
    reader
        .seek(SeekFrom::Start(root_size))
        .and_then(|_| reader.read_exact(&mut blocks))
        .with_context(|| format!("cannot read {}", device.display()))?;
    let (first, top) = blocks.split_at(BLOCK);
    let superblock = Superblock::parse(first)
        .with_context(|| format!("{} holds no whole release any more", device.display()))?;
    let found = superblock.root_hash(top.try_into().context("one block")?);
    if found != expected {
        bail!(
            "{} holds root {found}, expected {expected}: stage the release again",
            device.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests;
