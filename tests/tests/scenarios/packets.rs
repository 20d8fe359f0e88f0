//! A network that lets small packets through alone, and what is made of that for pods.

use std::net::Ipv4Addr;

use anyhow::{Context, ensure};
use machine::Lan;
use vm_tests::{Node, Stage};

use crate::two_ways_out::FIRST;

/// What a tunnel between nodes leaves of 1400 and of 1500 bytes.
pub(crate) const SMALL: &str = "1350";
pub(crate) const USUAL: &str = "1450";
/// What a pod says to who connects.
const LARGE: u64 = 4_000_000;

/// The tunnel between nodes, the bridge of this one's pods, and the pods are as large as the card lets them be.
pub(crate) fn packets_are_small(stage: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    let card = node
        .ssh("cat $(grep -il 52:54:00:12:34:56 /sys/class/net/*/address | sed s/address/mtu/)")?;
    ensure!(card.trim() == "1400", "the card has {card}");
    tunnel_leaves(node, SMALL)?;
    let pods = node.ssh("cat /sys/class/net/cni0/mtu /sys/class/net/veth*/mtu")?;
    ensure!(
        pods.lines().all(|mtu| mtu == SMALL),
        "bridge and pods have {pods}"
    );
    let kubectl = node.kubectl()?;
    let path = "jsonpath={.items[0].spec.local.path}{.items[0].spec.hostPath.path}";
    let folder = kubectl.run(&["get", "pv", "-o", path])?;
    node.ssh(&format!(
        "head -c {LARGE} /dev/zero | tr '\\0' x > {folder}/answer"
    ))?;
    let outside = [
        "expose",
        "deployment/probe",
        "--name=outside",
        "--type=NodePort",
        "--port=8080",
    ];
    kubectl.run(&outside)?;
    let count = from_outside(node, FIRST)?;
    stage.note(format!("a pod said {count} bytes to somebody outside"));
    scale(node, 2)?;
    // By the Service, either of the two answers.
    for _ in 0..4 {
        let words = [
            "exec",
            "deployment/probe",
            "--",
            "/probe",
            "get",
            "probe",
            "80",
        ];
        let said = kubectl.run(&words)?.trim().len() as u64;
        ensure!(said == LARGE, "a pod said {said} bytes to another");
    }
    scale(node, 1)
}

/// Has so many pods of the workload, and waits until there are no more and no fewer.
fn scale(node: &Node, count: usize) -> anyhow::Result<()> {
    let kubectl = node.kubectl()?;
    kubectl.run(&["scale", "deployment/probe", &format!("--replicas={count}")])?;
    let path = "jsonpath={.items[*].status.containerStatuses[*].ready}";
    node.until(&format!("{count} pods"), 300, |_| {
        let ready = kubectl.run(&["get", "pods", "-l", "app=probe", "-o", path])?;
        let ready: Vec<&str> = ready.split_whitespace().collect();
        ensure!(ready == vec!["true"; count], "pods are ready: {ready:?}");
        Ok(())
    })
}

/// What a pod says by the node port at this address of the first network.
pub(crate) fn from_outside(node: &Node, address: Ipv4Addr) -> anyhow::Result<u64> {
    let path = "jsonpath={.spec.ports[0].nodePort}";
    let port = node
        .kubectl()?
        .run(&["get", "service", "outside", "-o", path])?;
    let port = port.parse().context("no node port")?;
    node.until("all that a pod says", 240, |node| {
        let count = node.bytes_from(Lan::First, address, port)?;
        // The last of them ends the line.
        ensure!(count == LARGE + 1, "a pod said {count} bytes");
        Ok(count)
    })
}

/// Waits until flannel's tunnel, and the network for new pods, take packets of this size.
pub(crate) fn tunnel_leaves(node: &Node, mtu: &str) -> anyhow::Result<()> {
    // Flannel begins anew with Kubernetes; the network for pods is written whenever the cluster says something of the node.
    node.until(&format!("packets of {mtu} bytes for pods"), 420, |node| {
        let tunnel = node.ssh("cat /sys/class/net/flannel.1/mtu")?;
        let plugin = node.ssh("cat /etc/cni/net.d/*")?;
        let plugin: String = plugin.split_whitespace().collect();
        ensure!(
            tunnel.trim() == mtu && plugin.contains(&format!("\"mtu\":{mtu}")),
            "the tunnel takes {tunnel}, and pods {plugin}"
        );
        Ok(())
    })
}
