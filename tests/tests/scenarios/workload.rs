//! What a cluster is for: pods, services, names, volumes, and looking at them.

use anyhow::ensure;
use vm_tests::{DRIVER, PROBE_IMAGE, driver, probe_manifest, scenario};

#[test]
fn workload_runs_and_is_reached() -> anyhow::Result<()> {
    scenario("workload_runs_and_is_reached", |stage| {
        let node = stage.ready_node()?;
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
        node.wait_words(&[
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

        let top = node.until("kubectl top", 300, |_| {
            Ok(kubectl.run(&["top", "node", "--no-headers"])?)
        })?;
        stage.note(format!("kubectl top node: {}", top.trim()));
        node.until("kubectl top pods", 120, |_| {
            Ok(kubectl.run(&["top", "pod", "-l", "app=probe"])?)
        })?;
        Ok(())
    })
}

#[test]
fn a_csi_driver_can_register() -> anyhow::Result<()> {
    scenario("a_csi_driver_can_register", |stage| {
        let node = stage.ready_node()?;
        node.send_program(&driver()?, "/run/driver")?;
        node.ssh("/run/driver /var/lib/kubelet/plugins_registry/proof.sock > /run/said 2>&1 < /dev/null &")?;
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
                drivers == format!("node {DRIVER}")
                    && said.trim() == format!("registered {DRIVER}"),
                "the cluster knows of {drivers:?}, and the driver said {said:?}"
            );
            Ok(())
        })?;
        Ok(())
    })
}
