//! Releases that are no good: each goes back by itself to the one before it, with what ran on the node, and says why.

use anyhow::{Context, ensure};
use vm_tests::{Fault, Node, Stage, broken_releases, hang, next_release, probe_manifest};

use crate::upgrade::{
    REPOSITORY, bring, bring_archive, stands, status, still_kept, text, upgrade, write_and_keep,
};

/// A release with a fault, and a part of what the node has to say about it.
struct Broken {
    version: &'static str,
    fault: Fault,
    /// How long each of its boots may take.
    deadline: &'static str,
    says: &'static str,
}

const ALL: [Broken; 4] = [
    Broken {
        version: "0.1.2",
        fault: Fault::NoInit,
        deadline: "10m",
        says: "its kernel or its root did not start",
    },
    Broken {
        version: "0.1.3",
        fault: Fault::InitExits,
        deadline: "10m",
        says: "its kernel or its root did not start",
    },
    Broken {
        version: "0.1.4",
        fault: Fault::NoMemoryController,
        deadline: "150s",
        says: "was not confirmed within 150 s; ",
    },
    Broken {
        version: "0.1.5",
        fault: Fault::WantsSignedConfig,
        deadline: "150s",
        says: "refuses the node's configuration",
    },
];

pub(crate) fn releases_that_are_no_good_go_back(stage: &mut Stage) -> anyhow::Result<()> {
    let faults: Vec<_> = ALL.iter().map(|one| (one.version, one.fault)).collect();
    let archive = broken_releases("amd64", &faults)?;
    let mut node = stage.ready_node()?;
    node.kubectl()?.apply(&probe_manifest())?;
    let before = write_and_keep(&node)?;
    bring_archive(&node, &archive)?;
    for broken in &ALL {
        let health = format!("health: {{deadline: {}}}", broken.deadline);
        node.kubectl()?.apply(&upgrade(broken.version, &health))?;
        let said =
            comes_back(&mut node, broken.version).with_context(|| format!("{:?}", broken.fault))?;
        ensure!(
            said.contains(broken.says),
            "{:?}: it says {said:?}, expected {:?}",
            broken.fault,
            broken.says
        );
        stage.note(format!("{:?}: {said}", broken.fault));
        still_kept(&node, &before)?;
        node.wait_available("default", "deployment/probe")?;
    }
    Ok(())
}

/// Waits until the node runs its first release again and the resource says what was wrong with `version`; gives that. It is not tried
/// again.
fn comes_back(node: &mut Node, version: &str) -> anyhow::Result<String> {
    node.until("the release to be staged", 600, |node| {
        let state = status(node)?;
        ensure!(
            text(&state, "/record/staged/version") == version || is_on_trial(&state, version),
            "{state}"
        );
        Ok(())
    })?;
    node.wait_cured(30)?;
    let said = stopped(node, version, 900)?;
    let again = format!("holdfast upgrade stage --source {REPOSITORY} --version {version}");
    let refused = node.ssh(&again).err();
    let refused = refused.context("a release that failed was staged again")?;
    ensure!(
        format!("{refused:#}").contains("failed on this node before"),
        "the refusal is {refused:#}"
    );
    Ok(said)
}

/// Waits until the resource says why it stopped, and the node knows that `version` failed; gives what the resource says.
fn stopped(node: &Node, version: &str, seconds: u64) -> anyhow::Result<String> {
    node.until("the Upgrade to say why it stopped", seconds, |node| {
        let stands = stands(node)?;
        ensure!(
            stands.starts_with("Stopped 0/1 ") && is_back(&status(node)?, version),
            "it stands at {stands}"
        );
        Ok(stands)
    })
}

fn is_on_trial(status: &serde_json::Value, version: &str) -> bool {
    text(status, "/trial/release/version") == version
}

/// The first release runs, and knows that `version` failed.
fn is_back(status: &serde_json::Value, version: &str) -> bool {
    let failed = status
        .pointer("/record/failed")
        .and_then(|all| all.as_array());
    text(status, "/running/slot") == "a"
        && failed.is_some_and(|all| all.iter().any(|one| text(one, "/version") == version))
}

/// A release whose PID 1 hangs in each of its boots: the hardware watchdog ends them, and the one before comes back.
pub(crate) fn a_release_that_hangs_goes_back(stage: &mut Stage) -> anyhow::Result<()> {
    let next = next_release()?;
    let mut node = stage.ready_node()?;
    node.kubectl()?.apply(&probe_manifest())?;
    let before = write_and_keep(&node)?;
    bring(&node)?;
    let program = hang()?;
    // It holds in this boot alone, since `/etc` is made anew at each: that keeps the trial from its end.
    let check = "/etc/holdfast/checks/here";
    node.ssh(&format!(
        "mkdir -p /etc/holdfast/checks && echo '#!/bin/sh' > {check} && chmod 755 {check}"
    ))?;
    let never = "health: {deadline: 20m, checks: [{command: here}]}";
    node.kubectl()?.apply(&upgrade(&next, never))?;
    for boot in 1..=3 {
        node.wait_for_text(
            &format!("release {next} is on trial: boot {boot} of 3"),
            900,
        )?;
        node.until("a way in", 240, |node| node.ssh("true"))?;
        node.until("its logs to be kept", 120, |node| {
            node.ssh("grep 'is on trial' /var/lib/holdfast/trial-logs/upgrade.log")
        })?;
        node.send_program(&program, "/run/hang")?;
        node.ssh("setsid /run/hang 1 > /run/said 2>&1 < /dev/null &")?;
        // The watchdog bites.
        node.next_boot()?;
    }
    node.wait_cured(20)?;
    stage.note(stopped(&node, &next, 300)?);
    let logs = node.ssh("holdfast logs --trial upgrade")?;
    ensure!(
        logs.contains(&format!("release {next} is on trial")),
        "of the boot that hung it kept {logs}"
    );
    still_kept(&node, &before)?;
    node.wait_available("default", "deployment/probe")
}
