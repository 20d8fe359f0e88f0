//! A machine of one gigabyte, as a Raspberry Pi 3 is, as a server with compressed swap: what its pods can have, and that the system
//! is not swapped.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use machine::{Hardware, Platform, Spec};
use serde_json::Value;
use vm_tests::{Node, Stage, eater_manifest};

/// The firmware keeps a share of a Pi 3's memory for its graphics.
const MEMORY_MIB: u32 = 948;
/// What a machine of that size is configured with.
const SWAP: &str = "kubernetes: {swap: compressed}\n";
/// What an idle server of one node may use, bytes.
const IDLE: u64 = 380_000_000;
/// This part of the memory is made a device for swap; a page of it is the kernel's.
const PART: u64 = 2;
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
    vm.place_config(&(Stage::config(&vm)? + SWAP))?;
    let mut node = stage.start(&vm)?;
    let took = node.wait_ready(25)?;
    stage.note(format!(
        "Ready {:.0} s after QEMU started",
        took.as_secs_f64()
    ));
    node.wait_for_system()?;
    stage.note(format!("swap: {}", has_compressed_swap(&node)?));
    stage.judge(
        &mut node,
        &[
            ("idle", is_small),
            ("a pod that takes its memory", a_pod_takes_its_memory),
        ],
    )?;
    node.power_down()?;
    Ok(())
}

fn is_small(stage: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    let used = node.until("the node to be as small as it is when idle", 300, |node| {
        let used = used(node)?;
        ensure!(used <= IDLE, "it uses {} MB", used / 1_000_000);
        Ok(used)
    })?;
    stage.note(format!("idle: {} MB used", used / 1_000_000));
    Ok(())
}

fn a_pod_takes_its_memory(stage: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
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
    only_pods_may_swap(node)?;
    let worst = the_api_answers(node)?;
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
    Ok(())
}

/// Checks that the one device for swap is compressed memory, half as large as the memory; gives its line.
fn has_compressed_swap(node: &Node) -> anyhow::Result<String> {
    let swaps = node.ssh("cat /proc/swaps")?;
    let devices: Vec<&str> = swaps.lines().skip(1).collect();
    let [device] = devices[..] else {
        anyhow::bail!("one device for swap is wanted: {swaps}");
    };
    let mut fields = device.split_whitespace();
    let name = fields.next().context("an empty line")?;
    ensure!(name == "/dev/zram0", "swap is on {name}");
    let size: u64 = fields.nth(1).context("no size")?.parse()?;
    let memory = node.ssh("awk '/MemTotal/ {print $2}' /proc/meminfo")?;
    let half = memory.trim().parse::<u64>()? / PART;
    ensure!(
        size.abs_diff(half) <= half / 100,
        "swap has {size} KiB, half of the memory is {half} KiB"
    );
    Ok(device.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Checks that the kubelet gives pods a share of the swap, that this pod has one, and that no service of the system has any.
fn only_pods_may_swap(node: &Node) -> anyhow::Result<()> {
    let kubectl = node.kubectl()?;
    let name = kubectl.run(&["get", "nodes", "-o", "jsonpath={.items[0].metadata.name}"])?;
    let path = format!("/api/v1/nodes/{}/proxy/configz", name.trim());
    let said: Value = serde_json::from_str(&kubectl.run(&["get", "--raw", &path])?)?;
    let behaviour = &said["kubeletconfig"]["memorySwap"]["swapBehavior"];
    ensure!(
        behaviour == "LimitedSwap",
        "the kubelet runs with {behaviour}"
    );
    let words = [
        "exec",
        "eater",
        "--",
        "/usr/bin/cat",
        "/sys/fs/cgroup/memory.swap.max",
    ];
    let share = kubectl.run(&words)?;
    let share: u64 = share.trim().parse().with_context(|| format!("{share:?}"))?;
    ensure!(share > 0, "the pod has no share of the swap");
    let of_system = node.ssh(
        "cd /sys/fs/cgroup && cat init/memory.swap.max system/memory.swap.max && cat init/memory.swap.current system/memory.swap.current",
    )?;
    ensure!(
        of_system.split_whitespace().all(|number| number == "0"),
        "most and current swap of PID 1 and of the services: {of_system:?}"
    );
    Ok(())
}

/// Bytes that the machine uses.
fn used(node: &Node) -> anyhow::Result<u64> {
    let said = node.ssh(
        "awk '/MemTotal/ {total=$2} /MemAvailable/ {free=$2} END {print (total-free)*1024}' /proc/meminfo",
    )?;
    said.trim().parse().with_context(|| format!("{said:?}"))
}

/// Bytes that the pod has, in memory and in compressed swap.
fn in_use(node: &Node) -> anyhow::Result<u64> {
    let words = [
        "exec",
        "eater",
        "--",
        "/usr/bin/cat",
        "/sys/fs/cgroup/memory.current",
        "/sys/fs/cgroup/memory.swap.current",
    ];
    let said = node.kubectl()?.run(&words)?;
    let parts = said.split_whitespace().map(str::parse);
    let parts: Result<Vec<u64>, _> = parts.collect();
    Ok(parts.with_context(|| format!("{said:?}"))?.iter().sum())
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
