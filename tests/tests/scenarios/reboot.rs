//! What must be the same after a reboot, with a configuration that has gone wrong meanwhile.

use anyhow::{Context, ensure};
use vm_tests::{Node, Stage, farewell_manifest, probe_manifest};

/// A key that does not exist.
const WRONG: &str = "hostnam: shop";

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
    let line = add_wrong_key(&node)?;
    start_farewell(&node)?;

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
    farewell_was_taken(&node)?;
    last_good_is_in_force(&mut node, line)?;
    cured_by_ssh(&node)
}

/// `holdfast reboot --drain`: a pod that nobody would make again keeps the machine up, with the reason, and the node takes pods as
/// before; without it, pods are moved away first, and the node takes them again after the boot.
pub(crate) fn a_reboot_that_drains_first(stage: &mut Stage) -> anyhow::Result<()> {
    let mut node = stage.ready_node()?;
    let kubectl = node.kubectl()?;
    kubectl.apply(&probe_manifest())?;
    node.wait_available("default", "deployment/probe")?;
    start_farewell(&node)?;
    let (code, said) = node.try_ssh("holdfast reboot --drain")?;
    ensure!(
        code != 0 && said.contains("default/farewell") && said.contains("the machine stays up"),
        "holdfast reboot --drain: exit code {code}: {said}"
    );
    ensure!(
        takes_pods(&node)?,
        "the node takes no pods although it was not drained"
    );

    kubectl.run(&["delete", "pod", "farewell"])?;
    node.reboot_by("holdfast reboot --drain")?;
    let console = node.console().to_owned();
    node.wait_ready(15)?;
    ensure!(
        console.contains("service kubelet exited with exit code 0"),
        "the kubelet did not end in order"
    );
    node.until("a node that takes pods again", 120, |node| {
        ensure!(takes_pods(node)?, "it is cordoned");
        Ok(())
    })?;
    node.wait_available("default", "deployment/probe")?;
    let events = node.kubectl()?.run(&[
        "get",
        "pods",
        "-l=app=probe",
        "-o=jsonpath={.items[*].status.containerStatuses[*].restartCount}",
    ])?;
    ensure!(
        events.trim() == "0",
        "the pod was not moved away and made anew, but started again: {events}"
    );
    Ok(())
}

/// Neither cordoned nor marked as drained.
fn takes_pods(node: &Node) -> anyhow::Result<bool> {
    let about = node.kubectl()?.run(&[
        "get",
        "nodes",
        "-o=jsonpath={.items[0].spec.unschedulable}{.items[0].metadata.annotations.holdfast\\.dev/drained-in-boot}",
    ])?;
    Ok(about.trim().is_empty())
}

/// A pod that wants its hook, TERM and its grace at the end, and is confined by AppArmor while it runs.
fn start_farewell(node: &Node) -> anyhow::Result<()> {
    let kubectl = node.kubectl()?;
    kubectl.apply(&farewell_manifest(&node.system_image()?))?;
    node.kubectl_wait(&[
        "wait",
        "--for=condition=Ready",
        "--timeout=300s",
        "pod/farewell",
    ])?;
    let profile = [
        "exec",
        "farewell",
        "--",
        "/usr/bin/cat",
        "/proc/1/attr/current",
    ];
    let profile = kubectl.run(&profile)?;
    ensure!(
        profile.trim() == "cri-containerd.apparmor.d (enforce)",
        "the pod is confined by {profile:?}"
    );
    Ok(())
}

/// What the pod saw: its start, the whole end, and, since it belongs to nobody, its start after the reboot.
fn farewell_was_taken(node: &Node) -> anyhow::Result<()> {
    let expected = ["up", "hook", "hooked", "term", "end", "up"];
    node.until("the pod that belongs to nobody", 180, |node| {
        let seen = node.ssh("cat /var/lib/farewell/by")?;
        let seen: Vec<&str> = seen.lines().collect();
        ensure!(seen == expected, "the pod saw {seen:?}, not {expected:?}");
        Ok(())
    })?;
    let ask = [
        "get",
        "pods",
        "-A",
        "--field-selector=status.phase!=Running,status.phase!=Pending",
        "-o=jsonpath={.items[*].metadata.name}",
    ];
    node.until("pods that were replaced to go", 60, |node| {
        let left = node.kubectl()?.run(&ask)?;
        ensure!(
            left.trim().is_empty(),
            "pods that ended with the machine are left: {left}"
        );
        Ok(())
    })
}

/// Adds a line to `config.yaml`, as a person would who edits it on a PC; gives its number.
fn add_wrong_key(node: &Node) -> anyhow::Result<usize> {
    let file = "/config/config.yaml";
    let said = node.ssh(&format!(
        "mount -o remount,rw /config && echo '{WRONG}' >> {file} && mount -o remount,ro /config && cat {file}"
    ))?;
    let at = said.lines().position(|line| line == WRONG);
    Ok(at.context("the file does not have the wrong key")? + 1)
}

/// The node runs by its last good configuration, and says so: where, and which key.
fn last_good_is_in_force(node: &mut Node, line: usize) -> anyhow::Result<()> {
    let place = format!("config.yaml:{line}");
    let (code, status) = node.try_ssh("holdfast status --check")?;
    for expected in [
        &*place,
        WRONG,
        "did you mean `hostname`?",
        "last good configuration",
    ] {
        ensure!(
            status.contains(expected),
            "holdfast status does not say {expected:?}: {status}"
        );
    }
    ensure!(code != 0, "holdfast status --check finds nothing wrong");
    let note = node.wait_for_text("the last good configuration is in force", 60)?;
    ensure!(
        note.text.contains(&place) && note.text.contains("`hostnam`"),
        "the console does not say the file, the line and the key: {}",
        note.text
    );
    Ok(())
}

fn cured_by_ssh(node: &Node) -> anyhow::Result<()> {
    node.write("/run/good.yaml", &Stage::config(node.vm())?)?;
    node.ssh("holdfast config apply /run/good.yaml")?;
    node.until("a node that is well", 120, |node| {
        let (code, status) = node.try_ssh("holdfast status --check")?;
        ensure!(
            code == 0 && !status.contains("last good"),
            "holdfast status --check: {code}: {status}"
        );
        Ok(())
    })
}
