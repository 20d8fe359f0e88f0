//! A state partition without room.

use anyhow::{Context, ensure};
use vm_tests::{Node, Stage};

fn wait_for_pressure(node: &Node, value: &str) -> anyhow::Result<()> {
    let condition = format!("--for=condition=DiskPressure={value}");
    node.kubectl_wait(&["wait", &condition, "--timeout=600s", "nodes", "--all"])
}

/// Prints what is another at each boot.
const BOOT: &str = "cat /proc/sys/kernel/random/boot_id";

/// The line of `holdfast status` about the room on the state partition.
fn nearly_full(status: &str) -> Option<&str> {
    status
        .lines()
        .find(|line| line.starts_with("note: the state partition is nearly full: "))
}

/// A pod is root without `CAP_SYS_RESOURCE`. What it fills is full for it, and the datastore goes on.
fn filled_as_by_a_pod(node: &Node) -> anyhow::Result<()> {
    let fill = "setpriv --bounding-set=-sys_resource --inh-caps=-sys_resource dd if=/dev/zero of=/var/fill bs=1M conv=fsync";
    let (_, said) = node.try_ssh(fill)?;
    ensure!(
        said.contains("No space left"),
        "the disk was not filled: {said}"
    );
    let kubectl = node.kubectl()?;
    for n in 0..20 {
        let data = format!("--from-literal=data={}", "x".repeat(50_000));
        kubectl.run(&["create", "configmap", &format!("beside-{n}"), &data])?;
    }
    node.ssh(
        "dd if=/dev/zero of=/var/of-the-system bs=1M count=8 conv=fsync && rm /var/of-the-system",
    )?;
    node.ssh("rm /var/fill").map(drop)
}

pub(crate) fn a_full_disk_is_said_and_survived(stage: &mut Stage) -> anyhow::Result<()> {
    let mut node = stage.ready_node()?;
    filled_as_by_a_pod(&node)?;
    // The reserve is filled as well: not one block is left.
    let (_, said) = node.try_ssh("dd if=/dev/zero of=/var/fill bs=1M conv=fsync")?;
    ensure!(
        said.contains("No space left"),
        "the disk was not filled: {said}"
    );
    wait_for_pressure(&node, "True")?;
    let status = node.ssh("holdfast status")?;
    let said = nearly_full(&status).with_context(|| format!("holdfast status: {status}"))?;
    stage.note(said);
    node.ssh("rm /var/fill && sync")?;
    let status = node.ssh("holdfast status")?;
    ensure!(
        nearly_full(&status).is_none(),
        "there is room again, and holdfast status says: {status}"
    );
    wait_for_pressure(&node, "False")?;
    node.wait_nodes(300)?;
    // And a boot from a full disk does not lose the node either.
    let _ = node.try_ssh("dd if=/dev/zero of=/var/fill bs=1M conv=fsync")?;
    let before = node.ssh(BOOT)?;
    node.ssh("holdfast reboot")?;
    node.until("ssh after a boot from a full disk", 300, |node| {
        ensure!(node.ssh(BOOT)? != before, "not rebooted yet");
        Ok(())
    })?;
    node.ssh("rm /var/fill && sync")?;
    // While nothing could be written the datastore ended again and again.
    node.wait_cured(15)?;
    Ok(())
}
