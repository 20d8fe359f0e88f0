//! What a node is for, judged on one that runs: what its first boot made of it, pods, services, names, volumes, and looking
//! at them, and a driver that registers.

use anyhow::ensure;
use vm_tests::{DRIVER, Node, PROBE_IMAGE, Stage, driver, probe_manifest};

use crate::first_boot;

pub(crate) fn a_ready_node_and_its_workloads(stage: &mut Stage) -> anyhow::Result<()> {
    let mut node = stage.ready_node()?;
    stage.judge(
        &mut node,
        &[
            ("first boot to Ready, offline", first_boot::to_ready_offline),
            ("workload runs and is reached", runs_and_is_reached),
            ("kubectl top", kubectl_top),
            ("a CSI driver can register", a_csi_driver_can_register),
        ],
    )?;
    node.power_down()?;
    Ok(())
}

fn runs_and_is_reached(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    let kubectl = node.kubectl()?;
    kubectl.apply(&probe_manifest())?;
    node.wait_available("default", "deployment/probe")?;

    kubectl.run(&[
        "exec",
        "deployment/probe",
        "--",
        "/probe",
        "write",
        "/data/answer",
        "from the volume",
    ])?;
    // From another pod, by name: CoreDNS, kube-proxy and the pod network.
    let image = format!("--image={PROBE_IMAGE}");
    let asker = [
        "run",
        "asker",
        &image,
        "--image-pull-policy=Never",
        "--restart=Never",
        "--",
    ];
    let question = ["get", "probe.default.svc.cluster.local", "80"];
    kubectl.run(&[&asker[..], &question[..]].concat())?;
    node.kubectl_wait(&[
        "wait",
        "--for=jsonpath={.status.phase}=Succeeded",
        "--timeout=300s",
        "pod/asker",
    ])?;
    let answer = kubectl.run(&["logs", "asker"])?;
    ensure!(
        answer.trim() == "from the volume",
        "the service answered {answer:?}"
    );

    let short = kubectl.run(&[
        "exec",
        "deployment/probe",
        "--",
        "/probe",
        "resolve",
        "probe",
    ])?;
    let address = kubectl.run(&[
        "get",
        "service",
        "probe",
        "-o",
        "jsonpath={.spec.clusterIP}",
    ])?;
    ensure!(
        short.trim() == address.trim(),
        "the short name resolves to {short:?}, the service has {address:?}"
    );
    let log = kubectl.run(&["logs", "deployment/probe"])?;
    ensure!(
        log.contains("serving /data/answer"),
        "kubectl logs: {log:?}"
    );
    let claim = kubectl.run(&["get", "pvc", "probe", "-o", "jsonpath={.status.phase}"])?;
    ensure!(claim == "Bound", "the claim is {claim}");

    Ok(())
}

fn kubectl_top(stage: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    let kubectl = node.kubectl()?;
    let top = node.until("kubectl top", 300, |_| {
        Ok(kubectl.run(&["top", "node", "--no-headers"])?)
    })?;
    stage.note(format!("kubectl top node: {}", top.trim()));
    node.until("kubectl top pods", 120, |_| {
        Ok(kubectl.run(&["top", "pod", "-l", "app=probe"])?)
    })?;
    Ok(())
}

fn a_csi_driver_can_register(_: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    node.send_program(&driver()?, "/run/driver")?;
    node.ssh(
        "/run/driver /var/lib/kubelet/plugins_registry/proof.sock > /run/said 2>&1 < /dev/null &",
    )?;
    let kubectl = node.kubectl()?;
    node.until("the driver to be registered", 120, |_| {
        let drivers = kubectl.run(&[
            "get",
            "csinodes",
            "-o",
            "jsonpath={.items[*].metadata.name} {.items[*].spec.drivers[*].name}",
        ])?;
        let said = node.ssh("cat /run/said")?;
        ensure!(
            drivers == format!("node {DRIVER}") && said.trim() == format!("registered {DRIVER}"),
            "the cluster knows of {drivers:?}, and the driver said {said:?}"
        );
        Ok(())
    })?;
    Ok(())
}
