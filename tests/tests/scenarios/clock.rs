//! Hardware clocks that are years off, and a clock that jumps while the node runs.

use std::time::Instant;

use anyhow::{Context, ensure};
use machine::{Clock, Event, Spec};
use vm_tests::{Node, Stage, probe_manifest};

/// How long Kubernetes may take to start anew, and its node to be Ready again, after a jump of the clock.
const ANEW_WITHIN: u64 = 300;

/// What becomes of a clock.
#[derive(Debug, Clone, Copy)]
enum Reaction {
    /// It is lifted to the image's build, and the console says so.
    Lifted,
    /// It is left as it is, and `holdfast status` doubts it in words that begin so.
    Doubted(&'static str),
}

impl Reaction {
    fn check(self, node: &Node) -> anyhow::Result<String> {
        let (all, words) = match self {
            Self::Lifted => (
                node.console(),
                "the clock stood before the image's build and was lifted to it",
            ),
            Self::Doubted(words) => (node.ssh("holdfast status")?, words),
        };
        let line = all.lines().find(|line| line.contains(words));
        let line = line.with_context(|| format!("nothing says {words:?}: {all}"))?;
        Ok(line.trim().to_owned())
    }
}

fn ready_with_clock(stage: &mut Stage, time: &str, expected: Reaction) -> anyhow::Result<()> {
    let vm = stage.machine(
        Spec {
            clock: Clock::At(time.to_owned()),
            ..Stage::spec()
        },
        None,
    )?;
    let mut node = stage.start(&vm)?;
    node.wait_ready(15)?;
    node.wait_for_system()?;
    stage.note(format!(
        "the node's time: {}",
        node.ssh("date -u +%FT%T")?.trim()
    ));
    stage.note(expected.check(&node)?);
    let [now, built] = [
        "date +%s",
        "grep -o '[0-9]\\{9,\\}' /usr/lib/holdfast/release.json",
    ]
    .map(|question| anyhow::Ok(node.ssh(question)?.trim().parse::<u64>()?));
    let (now, built): (u64, u64) = (now?, built?);
    ensure!(
        now >= built,
        "the clock, {now}, stands before the image's build, {built}"
    );
    Ok(())
}

/// A PC's clock holds two digits of the year, and its kernel reads 70 as 2070: to a PC, 1970 is far ahead.
pub(crate) fn clock_at_1970(stage: &mut Stage) -> anyhow::Result<()> {
    ready_with_clock(
        stage,
        "1970-01-01T00:00:00",
        Reaction::Doubted("note: the clock says 2070-01-01T"),
    )
}

/// What a PC's clock says after its battery has died: behind the image's build, so it is lifted.
pub(crate) fn clock_at_2000(stage: &mut Stage) -> anyhow::Result<()> {
    ready_with_clock(stage, "2000-01-01T00:00:00", Reaction::Lifted)
}

/// The latest year that the firmware takes (edk2's `PcdMaximalValidYear`): the system sees it as it is.
pub(crate) fn clock_at_2097(stage: &mut Stage) -> anyhow::Result<()> {
    ready_with_clock(
        stage,
        "2097-01-01T00:00:00",
        Reaction::Doubted("note: the clock says 2097-01-01T"),
    )
}

/// The firmware sets so late a clock back by itself, to before the image's build.
pub(crate) fn clock_at_2099(stage: &mut Stage) -> anyhow::Result<()> {
    ready_with_clock(stage, "2099-01-01T00:00:00", Reaction::Lifted)
}

/// Kubernetes starts anew with certificates of the new time, forward and back, and pods go on.
pub(crate) fn a_clock_that_jumps_while_the_node_runs(stage: &mut Stage) -> anyhow::Result<()> {
    let mut node = stage.ready_node()?;
    node.kubectl()?.apply(&probe_manifest())?;
    node.wait_available("default", "deployment/probe")?;
    let year =
        |node: &Node| -> anyhow::Result<u32> { Ok(node.ssh("date -u +%Y")?.trim().parse()?) };
    let now = year(&node)?;
    for (by, years) in [("+2 years", now + 2), ("-2 years", now)] {
        let took = jump(&mut node, by, years)?;
        stage.note(format!("{by}: Kubernetes works with it after {took} s"));
    }
    node.wait_available("default", "deployment/probe")
}

/// Sets the clock, and waits until Kubernetes has started anew and its node is Ready by the new time; gives after how long.
fn jump(node: &mut Node, by: &str, year: u32) -> anyhow::Result<u64> {
    let begun = Instant::now();
    node.ssh(&format!("date -u -s \"$(date -u -d '{by}' '+%F %T')\""))?;
    let mut waiting = vec!["control-plane", "kubelet"];
    node.wait_for_event("Kubernetes to start anew", ANEW_WITHIN, |event| {
        if let Event::Service { name, text, .. } = event
            && text == "started"
        {
            waiting.retain(|service| service != name);
        }
        waiting.is_empty().then_some(())
    })?;
    node.until("a Ready node", ANEW_WITHIN, |node| {
        // Asked on the node, with a certificate of its time.
        let ready = node.ssh(
            "holdfast kubeconfig > /run/now && kubectl --kubeconfig /run/now get nodes -o \
             jsonpath='{range .items[0].status.conditions[?(@.type==\"Ready\")]}{.status} {.lastHeartbeatTime}{end}'",
        )?;
        ensure!(
            ready.starts_with(&format!("True {year}-")),
            "the node's condition: {ready}"
        );
        Ok(())
    })?;
    Ok(begun.elapsed().as_secs())
}
