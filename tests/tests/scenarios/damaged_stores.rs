//! A disk that changed bytes of the databases that a node lives by: the cluster's, and containerd's.

use anyhow::ensure;
use vm_tests::{Node, Stage};

const DATASTORE: &str = "/var/lib/holdfast/cluster/db";
const IMAGES: &str = "/var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db";
/// Under emulation, beside another machine.
const WITHIN: u64 = 600;

pub(crate) fn damaged_stores_are_put_right(stage: &mut Stage) -> anyhow::Result<()> {
    let mut node = stage.ready_node()?;
    stage.judge(
        &mut node,
        &[
            ("pages of the datastore are overwritten", datastore),
            ("containerd's database is empty", images),
        ],
    )?;
    node.power_down()?;
    Ok(())
}

fn datastore(stage: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    node.kubectl()?
        .run(&["create", "configmap", "mine", "--from-literal=a=b"])?;
    stop(node, "control-plane", "engine run .*kube-apiserver")?;
    // What the log has is read instead of the pages: it is empty behind an orderly end.
    let left = node.ssh(&format!("cd {DATASTORE} && ls -s state.db*"))?;
    stage.note(format!("the datastore before: {left}"));
    node.ssh(&format!(
        "dd if=/dev/zero of={DATASTORE}/state.db bs=4096 seek=20 count=40 conv=notrunc,fsync"
    ))?;
    node.ssh("holdfast service start control-plane")?;
    node.wait_nodes(WITHIN)?;
    let said = is_said(node, "the datastore was found damaged at ")?;
    stage.note(said);
    let folders = node.ssh(&format!("ls -d {DATASTORE}/damaged-*"))?;
    ensure!(
        folders.lines().count() == 1,
        "what was damaged is kept in {folders}"
    );
    // The cluster takes changes, and has what is the node's own.
    node.kubectl()?
        .run(&["create", "configmap", "next", "--from-literal=a=b"])?;
    node.wait_for_system()
}

fn images(stage: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    stop(node, "kubelet", "engine run .*kubelet")?;
    stop(node, "containerd", "containerd --config")?;
    node.ssh(&format!(": > {IMAGES} && sync"))?;
    for service in ["containerd", "kubelet"] {
        node.ssh(&format!("holdfast service start {service}"))?;
    }
    let said = is_said(node, "the store of images was found damaged at ")?;
    stage.note(said);
    node.wait_nodes(WITHIN)?;
    // What is started from now on has its image again, without any registry.
    node.kubectl()?.run(&[
        "delete",
        "pods",
        "-n=kube-system",
        "--all",
        "--wait=false",
        "--grace-period=0",
        "--force",
    ])?;
    node.wait_for_system()
}

/// Stops a service, and waits until the process is gone whose command line begins so.
fn stop(node: &Node, service: &str, process: &str) -> anyhow::Result<()> {
    node.ssh(&format!("holdfast service stop {service}"))?;
    node.until(&format!("{service} to end"), 120, |node| {
        let line = format!("! pgrep -f '^[^ ]*{process}'");
        node.ssh(&line)
    })?;
    Ok(())
}

/// The line of `holdfast status` that begins so.
fn is_said(node: &Node, begin: &str) -> anyhow::Result<String> {
    node.until(begin, WITHIN, |node| {
        let status = node.ssh("holdfast status")?;
        let line = status.lines().find(|line| line.contains(begin));
        let Some(line) = line else {
            anyhow::bail!("holdfast status: {status}");
        };
        Ok(line.trim().to_owned())
    })
}
