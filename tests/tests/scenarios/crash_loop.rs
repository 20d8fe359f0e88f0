//! An engine that dies again and again.

use anyhow::ensure;
use machine::Event;
use vm_tests::{Node, Stage};

/// Ends in a row, one after each start.
const ENDS: usize = 5;
/// The pause after the first end; each further one is twice as long (`Restart::default`).
const FIRST_PAUSE: f64 = 0.25;
/// What a busy host adds to a pause at most.
const LATE: f64 = 1.5;
/// Without it kube-apiserver ends at once; it lies on the state partition.
const NEEDED: &str = "/var/lib/holdfast/cluster/encryption.yaml";

/// Waits for what the console says next of the engine's service; gives when, and the end if it was one.
fn wait_for_engine(node: &mut Node, what: &str) -> anyhow::Result<(f64, String)> {
    node.wait_for_event(
        &format!("service control-plane {what}"),
        300,
        |event| match event {
            Event::Service { at, name, text } if name == "control-plane" => text
                .strip_prefix(what)
                .map(|rest| (*at, rest.trim().to_owned())),
            _ => None,
        },
    )
}

/// Waits for an end as it should be and for the start that follows; gives the pause between them, in seconds.
fn wait_for_restart(node: &mut Node, end: &str) -> anyhow::Result<f64> {
    let (ended, how) = wait_for_engine(node, "exited with")?;
    ensure!(how == end, "the engine ended with {how}, not with {end}");
    let (started, _) = wait_for_engine(node, "started")?;
    Ok(started - ended)
}

/// Each pause must be twice the one before.
fn check_pauses(pauses: &[f64]) -> anyhow::Result<()> {
    let mut expected = FIRST_PAUSE;
    for pause in pauses {
        // The console's times are rounded to hundredths.
        ensure!(
            *pause > expected - 0.02 && *pause < expected + LATE,
            "a pause was {pause:.2} s instead of {expected} s; all: {pauses:.2?}"
        );
        expected *= 2.0;
    }
    Ok(())
}

fn kill_engine(node: &Node) -> anyhow::Result<()> {
    node.until("the engine's process", 120, |node| {
        node.ssh("pkill -KILL -f '^[^ ]*engine run .*kube-apiserver'")
    })?;
    Ok(())
}

/// The node must say that it is well, and have been so for longer than a crash is remembered.
fn wait_until_well(node: &Node) -> anyhow::Result<()> {
    node.wait_nodes(600)?;
    node.until("a node that is well", 180, |node| {
        let (code, status) = node.try_ssh("holdfast status --check")?;
        ensure!(
            code == 0 && status.contains("is Ready") && !status.contains("failing: "),
            "holdfast status --check: {code}: {status}"
        );
        Ok(())
    })
}

pub(crate) fn an_engine_that_crashes_comes_back(stage: &mut Stage) -> anyhow::Result<()> {
    let mut node = stage.ready_node()?;
    let mut pauses = Vec::new();
    for _ in 0..ENDS {
        kill_engine(&node)?;
        pauses.push(wait_for_restart(&mut node, "signal 9")?);
    }
    stage.note(format!("pauses in s: {pauses:.2?}"));
    check_pauses(&pauses)?;
    wait_until_well(&node)
}

pub(crate) fn an_engine_component_that_fails_at_every_start_is_said(
    stage: &mut Stage,
) -> anyhow::Result<()> {
    let mut node = stage.ready_node()?;
    node.ssh(&format!("mv {NEEDED} {NEEDED}.away"))?;
    kill_engine(&node)?;
    let mut pauses = vec![wait_for_restart(&mut node, "signal 9")?];
    for _ in 1..ENDS {
        pauses.push(wait_for_restart(&mut node, "exit code 1")?);
        let (code, status) = node.try_ssh("holdfast status --check")?;
        let failing =
            "failing: service control-plane (exit code 1): see `holdfast logs control-plane`";
        ensure!(
            code == 3 && status.contains(failing),
            "holdfast status --check in a crash loop: {code}: {status}"
        );
    }
    stage.note(format!("pauses in s: {pauses:.2?}"));
    check_pauses(&pauses)?;
    let log = node.ssh("holdfast logs control-plane")?;
    let said = log
        .lines()
        .rev()
        .find(|line| line.contains("kube-apiserver failed: "));
    ensure!(said.is_some(), "the log names no component: {log}");
    stage.note(said.unwrap_or_default());
    // The page on the console as well, for who cannot log in.
    ensure!(
        node.console().contains(
            "  Failing    service control-plane (signal 9): see `holdfast logs control-plane`"
        ),
        "the console does not name what fails"
    );

    node.ssh(&format!("mv {NEEDED}.away {NEEDED}"))?;
    wait_until_well(&node)
}
