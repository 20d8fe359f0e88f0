//! A second release on a node, by resource and by command: it comes, it proves itself or goes back, and what runs on the node is there after.

use std::path::Path;

use anyhow::{Context, ensure};
use serde_json::Value;
use vm_tests::{Node, Stage, next_release, probe_manifest, releases};

/// Where the release repository lies on the node, as one unpacked from a stick would.
pub(crate) const REPOSITORY: &str = "/var/releases";

/// What `holdfast upgrade status --json` says.
pub(crate) fn status(node: &Node) -> anyhow::Result<Value> {
    Ok(serde_json::from_str(
        &node.ssh("holdfast upgrade status --json")?,
    )?)
}

pub(crate) fn text<'a>(status: &'a Value, pointer: &str) -> &'a str {
    status
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Brings the repository to the node.
pub(crate) fn bring(node: &Node) -> anyhow::Result<()> {
    bring_archive(node, &releases()?)
}

/// Brings one from an archive.
pub(crate) fn bring_archive(node: &Node, archive: &Path) -> anyhow::Result<()> {
    node.send_program(archive, "/var/releases.tar")?;
    node.ssh(&format!(
        "mkdir -p {REPOSITORY} && tar -xf /var/releases.tar -C {REPOSITORY} && rm /var/releases.tar"
    ))?;
    Ok(())
}

pub(crate) fn stage_release(node: &Node, more: &str) -> anyhow::Result<String> {
    let next = next_release()?;
    node.ssh(&format!(
        "holdfast upgrade stage --source {REPOSITORY} --version {next} {more}"
    ))
}

/// What makes the node itself, and what a person wrote into the cluster.
fn kept(node: &Node) -> anyhow::Result<String> {
    let kubectl = node.kubectl()?;
    let nodes = kubectl.run(&["get", "nodes", "-o", "jsonpath={.items[*].metadata.uid}"])?;
    let written = kubectl.run(&["get", "configmap", "written", "-o", "jsonpath={.data.by}"])?;
    Ok(format!("{nodes} {written}"))
}

/// Writes something into the cluster; gives what has to be there after.
pub(crate) fn write_and_keep(node: &Node) -> anyhow::Result<String> {
    node.kubectl()?.run(&[
        "create",
        "configmap",
        "written",
        "--from-literal=by=a-person",
    ])?;
    kept(node)
}

pub(crate) fn still_kept(node: &Node, before: &str) -> anyhow::Result<()> {
    let now = kept(node)?;
    ensure!(now == before, "the node has {now}, before {before}");
    Ok(())
}

/// Restarts into another release and waits until its node is Ready.
fn restart(node: &mut Node, line: &str, minutes: u64) -> anyhow::Result<()> {
    node.reboot_by(line)?;
    node.wait_ready(minutes)?;
    Ok(())
}

/// An `Upgrade` as a person writes it; `spec` goes into it.
pub(crate) fn upgrade(next: &str, spec: &str) -> String {
    upgrade_from(&format!("{{folder: {REPOSITORY}}}"), next, spec)
}

/// The same from another source.
pub(crate) fn upgrade_from(source: &str, next: &str, spec: &str) -> String {
    format!(
        "apiVersion: upgrade.holdfast.dev/v1alpha1\nkind: Upgrade\nmetadata: {{name: stores}}\nspec:\n  \
         source: {source}\n  version: {next}\n  {spec}\n"
    )
}

/// How the `Upgrade` stands: `STATE DONE MESSAGE`.
pub(crate) fn stands(node: &Node) -> anyhow::Result<String> {
    let path = "jsonpath={.status.state} {.status.summary} {.status.message}";
    let words = ["get", "upgrade", "stores", "-o", path];
    Ok(node.kubectl()?.run(&words)?)
}

pub(crate) fn an_upgrade_by_resource(stage: &mut Stage) -> anyhow::Result<()> {
    let next = next_release()?;
    let mut node = stage.ready_node()?;
    node.kubectl()?.apply(&probe_manifest())?;
    let before = write_and_keep(&node)?;
    let first = status(&node)?;
    ensure!(text(&first, "/running/slot") == "a", "it begins as {first}");
    bring(&node)?;
    a_trial_that_is_too_short_goes_back(stage, &mut node, &next)?;
    still_kept(&node, &before)?;

    // What was in the way is mended, and the node is told to try once more.
    node.kubectl()?.apply(&upgrade(&next, "retry: 1"))?;
    comes_up_in_slot_b(&mut node, &next)?;
    node.until("the Upgrade to be complete", 180, |node| {
        let stands = stands(node)?;
        ensure!(stands.starts_with("Complete 1/1"), "it stands at {stands}");
        Ok(())
    })?;
    let nodes = node
        .kubectl()?
        .run(&["get", "nodeupgrades", "--no-headers"])?;
    stage.note(nodes.split_whitespace().collect::<Vec<_>>().join(" "));
    still_kept(&node, &before)?;
    let cordon = [
        "get",
        "nodes",
        "-o",
        "jsonpath={.items[*].spec.unschedulable}",
    ];
    node.until("the node to take pods again", 60, |node| {
        let cordoned = node.kubectl()?.run(&cordon)?;
        ensure!(cordoned.is_empty(), "it is still cordoned");
        Ok(())
    })?;
    node.wait_available("default", "deployment/probe")
}

/// A release that was asked for starts on trial, is Ready, and is confirmed.
pub(crate) fn comes_up_in_slot_b(node: &mut Node, next: &str) -> anyhow::Result<()> {
    // Staged, drained and restarted, which a busy host makes slow.
    node.wait_for_text(&format!("release {next} is on trial: boot 1 of 3"), 1200)?;
    node.wait_ready(15)?;
    let state = confirmed(node, next)?;
    ensure!(
        text(&state, "/running/slot") == "b",
        "after the upgrade: {state}"
    );
    Ok(())
}

pub(crate) fn a_way_back_by_command(stage: &mut Stage) -> anyhow::Result<()> {
    let next = next_release()?;
    let mut node = stage.ready_node()?;
    let first = text(&status(&node)?, "/running/version").to_owned();
    let before = write_and_keep(&node)?;
    bring(&node)?;
    stage_release(&node, "")?;
    restart(&mut node, "holdfast upgrade activate", 15)?;
    confirmed(&node, &next)?;
    restart(&mut node, "holdfast upgrade rollback", 15)?;
    let state = confirmed(&node, &first)?;
    ensure!(
        text(&state, "/running/slot") == "a",
        "after the way back: {state}"
    );
    still_kept(&node, &before)?;
    // An ordinary boot stays where it is: the boot loader would take the newer version first.
    node.reboot(15)?;
    let state = status(&node)?;
    ensure!(
        text(&state, "/running/version") == first,
        "after a reboot: {state}"
    );
    restart(&mut node, "holdfast upgrade rollback", 15)?;
    confirmed(&node, &next)?;
    Ok(())
}

/// A release that is not Ready in time goes back by itself; the resource and the node say why, and it is not tried again.
fn a_trial_that_is_too_short_goes_back(
    stage: &mut Stage,
    node: &mut Node,
    next: &str,
) -> anyhow::Result<()> {
    let too_short = upgrade(next, "health: {deadline: 30s}");
    node.kubectl()?.apply(&too_short)?;
    node.wait_for_text(&format!("release {next} is on trial: boot 1 of 3"), 600)?;
    node.wait_for_text(&format!("release {next} was not confirmed in time"), 240)?;
    node.next_boot()?;
    node.wait_ready(15)?;
    let stopped = node.until("the Upgrade to say why it stopped", 240, |node| {
        let stands = stands(node)?;
        ensure!(stands.starts_with("Stopped 0/1 "), "it stands at {stands}");
        Ok(stands)
    })?;
    ensure!(
        stopped.contains("it was not confirmed within 30 s"),
        "it says {stopped:?}"
    );
    stage.note(format!("the failed trial: {stopped}"));
    let state = status(node)?;
    ensure!(
        text(&state, "/running/slot") == "a",
        "it came back as {state}"
    );
    let said = r#"jsonpath={.items[0].status.conditions[?(@.type=="UpgradeFailed")].status}"#;
    node.until("the node to say it, too", 120, |node| {
        let said = node.kubectl()?.run(&["get", "nodes", "-o", said])?;
        ensure!(said == "True", "it says {said:?}");
        Ok(())
    })?;
    let refused = stage_release(node, "")
        .err()
        .context("a release that failed was staged again")?;
    ensure!(
        format!("{refused:#}").contains("failed on this node before"),
        "the refusal is {refused:#}"
    );
    Ok(())
}

pub(crate) fn confirmed(node: &Node, version: &str) -> anyhow::Result<Value> {
    node.until(&format!("release {version} to be confirmed"), 180, |node| {
        let state = status(node)?;
        ensure!(text(&state, "/running/version") == version, "{state}");
        ensure!(
            state.pointer("/trial").is_some_and(Value::is_null),
            "{state}"
        );
        Ok(state)
    })
}
