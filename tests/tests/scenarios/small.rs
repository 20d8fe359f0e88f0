//! A machine of one gigabyte, as a Raspberry Pi 3 is, as a server: what its pods can have.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use machine::{Hardware, Platform, Spec};
use vm_tests::{Node, Stage, eater_manifest};

/// The firmware keeps a share of a Pi 3's memory for its graphics.
const MEMORY_MIB: u32 = 948;
/// What pods are promised, bytes.
const FOR_PODS: u64 = 350_000_000;
/// The system stays so long beside pods that have all that.
const STAYS: Duration = Duration::from_secs(180);

pub(crate) fn one_gigabyte_is_enough(stage: &mut Stage) -> anyhow::Result<()> {
    let spec = Spec {
        cpus: 4,
        memory_mib: MEMORY_MIB,
        hardware: Hardware {
            platform: Platform::Virt,
            ..Hardware::default()
        },
        ..Stage::spec()
    };
    let vm = stage.machine_of("qemu-arm64", spec, None)?;
    let mut node = stage.start(&vm)?;
    let took = node.wait_ready(25)?;
    stage.note(format!(
        "Ready {:.0} s after QEMU started",
        took.as_secs_f64()
    ));
    node.wait_for_system()?;
    let free =
        "awk '/MemTotal|MemAvailable/ {printf \"%s %d MB \", $1, $2*1024/1000000}' /proc/meminfo";
    stage.note(format!("before the pod: {}", node.ssh(free)?.trim()));
    let path = "jsonpath={.items[0].status.allocatable.memory}";
    let allocatable = node.kubectl()?.run(&["get", "nodes", "-o", path])?;
    stage.note(format!("allocatable: {}", allocatable.trim()));

    node.kubectl()?
        .apply(&eater_manifest(&node.system_image()?, FOR_PODS))?;
    node.until("the pod to have its memory", 600, |node| {
        let has = in_use(node)?;
        ensure!(has >= FOR_PODS, "it has {} MB", has / 1_000_000);
        Ok(())
    })?;
    stage.note(format!("beside the pod: {}", node.ssh(free)?.trim()));
    let worst = the_api_answers(&node)?;
    stage.note(format!(
        "the slowest answer of the API: {:.1} s",
        worst.as_secs_f64()
    ));
    let restarts = "jsonpath={.items[*].status.containerStatuses[*].restartCount}";
    let restarts = node
        .kubectl()?
        .run(&["get", "pods", "-A", "-o", restarts])?;
    ensure!(
        restarts.split_whitespace().all(|count| count == "0"),
        "pods were started again: {restarts}"
    );
    let status = node.ssh("holdfast status --check")?;
    ensure!(status.contains("is Ready"), "{status}");
    node.power_down()?;
    Ok(())
}

/// Bytes that the pod has.
fn in_use(node: &Node) -> anyhow::Result<u64> {
    let words = [
        "exec",
        "eater",
        "--",
        "/usr/bin/cat",
        "/sys/fs/cgroup/memory.current",
    ];
    let said = node.kubectl()?.run(&words)?;
    said.trim().parse().with_context(|| format!("{said:?}"))
}

/// Asks it again and again; gives the longest answer.
fn the_api_answers(node: &Node) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let mut worst = Duration::ZERO;
    while began.elapsed() < STAYS {
        let asked = Instant::now();
        node.kubectl()?
            .run(&["get", "nodes", "--request-timeout=10s"])
            .with_context(|| format!("after {:.0} s", began.elapsed().as_secs_f64()))?;
        worst = worst.max(asked.elapsed());
    }
    Ok(worst)
}
