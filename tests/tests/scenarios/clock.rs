//! Hardware clocks that are years off, and a clock that jumps while the node runs.

use std::time::Instant;

use anyhow::{Context, ensure};
use machine::{Clock, Event, Spec};
use vm_tests::{Node, Stage, asker_manifest, probe_manifest};

/// How long Kubernetes may take to start anew, and its node to be Ready again, after a jump of the clock.
const ANEW_WITHIN: u64 = 300;
/// How long a pod may be without a token that the API takes, after Kubernetes has started anew.
const HEARD_WITHIN: u64 = 240;
/// What a pod asks, with what it finds in its volume now. (`kubectl` reads it by itself, unless it is given an option.)
const WHO_AM_I: &str = "cd /var/run/secrets/kubernetes.io/serviceaccount && /usr/bin/kubectl auth whoami --request-timeout=20s \
    --server=https://$KUBERNETES_SERVICE_HOST --certificate-authority=ca.crt --token=$(<token)";
/// `kubectl` on the node, with a certificate of its time.
const KUBECTL: &str = "holdfast kubeconfig > /run/now && kubectl --kubeconfig /run/now";

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

/// Kubernetes starts anew with certificates of the new time, forward and back, and pods go on, with tokens that the API takes.
pub(crate) fn a_clock_that_jumps_while_the_node_runs(stage: &mut Stage) -> anyhow::Result<()> {
    let mut node = stage.ready_node()?;
    let kubectl = node.kubectl()?;
    kubectl.apply(&probe_manifest())?;
    kubectl.apply(&asker_manifest(&node.system_image()?))?;
    node.wait_available("default", "deployment/probe")?;
    a_pod_is_heard(&node)?;
    let year =
        |node: &Node| -> anyhow::Result<u32> { Ok(node.ssh("date -u +%Y")?.trim().parse()?) };
    let now = year(&node)?;
    for (by, years) in [("+2 years", now + 2), ("-2 years", now)] {
        let begun = Instant::now();
        jump(&mut node, by, years)?;
        let works = begun.elapsed().as_secs();
        a_pod_is_heard(&node)?;
        let heard = begun.elapsed().as_secs();
        stage.note(format!(
            "{by}: Kubernetes works with it after {works} s, and the API hears a pod after {heard} s"
        ));
    }
    node.wait_available("default", "deployment/probe")
}

/// A pod that has run all the while asks the API who it is, with the token of its service account. It is asked on the node, with a
/// certificate of its time.
fn a_pod_is_heard(node: &Node) -> anyhow::Result<()> {
    node.until("a pod's token to be taken", HEARD_WITHIN, |node| {
        let said = node.ssh(&format!(
            "{KUBECTL} exec asker -- /usr/bin/bash -c '{WHO_AM_I}'"
        ))?;
        ensure!(
            said.contains("system:serviceaccount:default:default"),
            "the pod was told: {said}"
        );
        let restarts = node.ssh(&format!(
            "{KUBECTL} get pod asker -o jsonpath='{{.status.containerStatuses[0].restartCount}}'"
        ))?;
        ensure!(restarts.trim() == "0", "the pod was restarted: {restarts}");
        Ok(())
    })
}

/// Sets the clock, and waits until Kubernetes has started anew and its node is Ready by the new time.
fn jump(node: &mut Node, by: &str, year: u32) -> anyhow::Result<()> {
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
        let ready = node.ssh(&format!(
            "{KUBECTL} get nodes -o \
             jsonpath='{{range .items[0].status.conditions[?(@.type==\"Ready\")]}}{{.status}} {{.lastHeartbeatTime}}{{end}}'",
        ))?;
        ensure!(
            ready.starts_with(&format!("True {year}-")),
            "the node's condition: {ready}"
        );
        Ok(())
    })
}
