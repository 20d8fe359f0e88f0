//! What must be the same after a reboot.

use anyhow::ensure;
use vm_tests::{Node, Stage, probe_manifest};

/// Everything that makes a node itself.
fn identity(node: &Node) -> anyhow::Result<Vec<(&'static str, String)>> {
    let kubectl = node.kubectl()?;
    let ask = |line: &str| node.ssh(line);
    Ok(vec![
        ("machine-id", ask("cat /etc/machine-id")?),
        ("ssh host keys", ask("cat /var/lib/holdfast/ssh/*.pub")?),
        ("host name", ask("cat /proc/sys/kernel/hostname")?),
        ("disk", ask("blkid -s PTUUID -o value /dev/vda")?),
        (
            "cluster CA",
            ask("sha256sum /var/lib/holdfast/cluster/pki/*.crt")?,
        ),
        (
            "node",
            kubectl.run(&["get", "nodes", "-o", "jsonpath={.items[*].metadata.uid}"])?,
        ),
        (
            "kube-system",
            kubectl.run(&[
                "get",
                "namespace",
                "kube-system",
                "-o",
                "jsonpath={.metadata.uid}",
            ])?,
        ),
    ])
}

pub(crate) fn reboot_keeps_everything(stage: &mut Stage) -> anyhow::Result<()> {
    let mut node = stage.ready_node()?;
    node.kubectl()?.apply(&probe_manifest())?;
    node.wait_available("default", "deployment/probe")?;
    let exec = ["exec", "deployment/probe", "--", "/probe"];
    node.kubectl()?
        .run(&[&exec[..], &["write", "/data/answer", "kept"]].concat())?;
    let before = identity(&node)?;
    for (what, value) in &before {
        ensure!(!value.trim().is_empty(), "{what} is empty");
    }

    let took = node.reboot(15)?;
    stage.note(format!(
        "Ready again {:.0} s after the machine was started",
        took.as_secs_f64()
    ));
    for service in ["control-plane", "kubelet"] {
        ensure!(
            node.console()
                .contains(&format!("service {service} exited with exit code 0")),
            "{service} did not end in order"
        );
    }
    for ((what, old), (_, new)) in before.iter().zip(identity(&node)?) {
        ensure!(*old == new, "{what} changed from {old:?} to {new:?}");
    }
    node.wait_available("default", "deployment/probe")?;
    let kept = node.until("the pod after the reboot", 120, |node| {
        Ok(node
            .kubectl()?
            .run(&[&exec[..], &["read", "/data/answer"]].concat())?)
    })?;
    ensure!(kept.trim() == "kept", "the volume holds {kept:?}");
    Ok(())
}
