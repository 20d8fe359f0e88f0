//! The cluster's authorities are exchanged on a machine, with restarts in between.

use anyhow::ensure;
use machine::Kubectl;
use std::fs;
use vm_tests::{Node, Stage, probe_manifest};

/// What `kubectl` says of who is not believed, and of a server that is not.
const REFUSED: [&str; 3] = ["Unauthorized", "must be logged in", "unknown authority"];

pub(crate) fn authorities_are_exchanged(stage: &mut Stage) -> anyhow::Result<()> {
    let mut node = stage.ready_node()?;
    node.kubectl()?.apply(&probe_manifest())?;
    node.wait_available("default", "deployment/probe")?;
    let before = kubeconfig_of_before(&node)?;
    let certificate = authority(&node)?;

    refused(&node, "finish", "authorities begin")?;
    node.ssh("holdfast authorities begin")?;
    // Refused until Kubernetes runs with the step before.
    node.until("authorities that sign", 300, |node| {
        node.ssh("holdfast authorities switch")
    })?;
    node.until("the API with both", 300, |_| answers(&before))?;
    node.until("a refusal for the sake of pods", 120, |node| {
        refused(node, "finish", "--yes")
    })?;

    node.reboot(15)?;
    ensure!(authority(&node)? != certificate, "the old authority signs");
    answers(&before)?;
    node.until("the end of the old ones", 300, |node| {
        node.ssh("holdfast authorities finish")
    })?;
    node.until("a kubeconfig of before that is refused", 300, |_| {
        let said = before.run(&["get", "nodes"]).err();
        let said = said.map(|error| error.to_string()).unwrap_or_default();
        ensure!(REFUSED.iter().any(|it| said.contains(it)), "{said:?}");
        Ok(())
    })?;

    let took = node.reboot(15)?;
    stage.note(format!(
        "Ready with new authorities alone {:.0} s after the machine was started",
        took.as_secs_f64()
    ));
    node.wait_for_system()?;
    node.wait_available("default", "deployment/probe")?;
    let said = node.ssh("holdfast authorities show")?;
    ensure!(!said.contains("next:"), "it is not at its end: {said}");
    Ok(())
}

/// An administrator's, which stays on a laptop.
fn kubeconfig_of_before(node: &Node) -> anyhow::Result<Kubectl> {
    answers(&node.kubectl()?)?;
    let folder = node.vm().dir();
    let kept = folder.join("before.kubeconfig");
    fs::copy(folder.join("kubeconfig"), &kept)?;
    Ok(Kubectl::new(&kept))
}

fn answers(kubectl: &Kubectl) -> anyhow::Result<()> {
    let nodes = kubectl.run(&["get", "nodes", "-o=name"])?;
    ensure!(nodes.contains("node/"), "the API says {nodes:?}");
    Ok(())
}

fn authority(node: &Node) -> anyhow::Result<String> {
    node.ssh("sha256sum /var/lib/holdfast/cluster/pki/*ca.crt")
}

fn refused(node: &Node, step: &str, why: &str) -> anyhow::Result<()> {
    let (code, said) = node.try_ssh(&format!("holdfast authorities {step}"))?;
    ensure!(
        code != 0 && said.contains(why),
        "holdfast authorities {step}: exit code {code}: {said}"
    );
    Ok(())
}
