//! The kubelet: flags and config file.

use super::api_server::CIPHERS;
use super::file::{json, leaf_file, trust_file};
use super::node_facts::NodeFacts;
use crate::args::Args;
use crate::file::PlannedFile;
use crate::paths::text;
use crate::{Paths, Settings};
use init_api::paths::CONTAINERD_SOCKET;
use init_api::reserved_memory;
use os_config::Swap;
use serde_json::{Value, json};

/// Pods that the node takes at most.
const MAX_PODS: u16 = 110;
/// MiB that pods may not have beside what PID 1 protects: what the kernel has for itself, and keeps free. Then all pods together reach
/// their own limit before the machine has nothing left, and the kernel looks for memory, and kills, among them alone. Without it the
/// whole machine is searched while one pod fills it, and the control plane waits for that.
const FOR_THE_KERNEL: u64 = 64;
/// The kubelet evicts nobody for memory. It looks every ten seconds, and whoever was large in one of these moments need not be who
/// takes everything: a quiet pod of 268 KiB was evicted for one that wanted 1.7 GiB, and pods that wait for their next start, of whose use
/// it knows nothing, come first (`pkg/kubelet/eviction/helpers.go`). The kernel finds sooner and better who takes too much, for each pod
/// that asks for none has a limit (`runtime/src/keeper/memory_room.rs`).
const LAST_MEMORY: &str = "0%";

fn config(paths: &Paths) -> std::path::PathBuf {
    paths.run().join("kubelet.json")
}

pub(super) fn args(settings: &Settings, facts: &NodeFacts, paths: &Paths) -> Args {
    Args::default()
        .set("config", text(&config(paths)))
        .set("kubeconfig", text(&paths.kubeconfig("kubelet")))
        .set("hostname-override", settings.node.name.as_str())
        .set("node-ip", facts.address.to_string())
        .set("cert-dir", text(&paths.run().join("kubelet")))
        .set("root-dir", text(&paths.at("/var/lib/kubelet")))
}

pub(super) fn file(settings: &Settings, facts: &NodeFacts, paths: &Paths) -> PlannedFile {
    let mut config_file = basics(settings, paths);
    merge(&mut config_file, security(paths));
    merge(&mut config_file, resources(facts));
    merge(&mut config_file, swap(settings.swap));
    json(config(paths), &config_file)
}

fn basics(settings: &Settings, paths: &Paths) -> Value {
    let taints: Vec<Value> = settings
        .node
        .taints
        .iter()
        .map(|t| json!({ "key": t.key.as_str(), "value": t.value.as_str(), "effect": t.effect.as_str() }))
        .collect();
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "clusterDomain": settings.cluster.domain.as_str(),
        "clusterDNS": [settings.cluster.dns_address().to_string()],
        "resolvConf": text(&paths.name_servers()),
        "containerRuntimeEndpoint": format!("unix://{}", text(&paths.at(CONTAINERD_SOCKET))),
        // No systemd on the node; pods live in /sys/fs/cgroup/kubepods.
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": "/",
        "volumePluginDir": text(&paths.at("/var/lib/kubelet/volumeplugins")),
        "podLogsDir": text(&paths.at("/var/log/pods")),
        "registerWithTaints": taints,
        // The keeper takes logind's place: `runtime/src/keeper/ending`.
        "shutdownGracePeriod": format!("{}s", settings.shutdown_seconds),
        "shutdownGracePeriodCriticalPods": format!("{}s", of_critical_pods(settings.shutdown_seconds)),
        "enableControllerAttachDetach": true,
    })
}

fn security(paths: &Paths) -> Value {
    let ciphers: Vec<&str> = CIPHERS.split(',').collect();
    json!({
        "authentication": {
            "anonymous": { "enabled": false },
            "webhook": { "enabled": true },
            "x509": { "clientCAFile": trust_file(paths, "ca.crt") },
        },
        "authorization": { "mode": "Webhook" },
        "readOnlyPort": 0,
        "tlsCertFile": leaf_file(paths, "kubelet-server"),
        "tlsPrivateKeyFile": leaf_file(paths, "kubelet-server"),
        "tlsMinVersion": "VersionTLS12",
        "tlsCipherSuites": ciphers,
        // The keeper replaces both certificates; the kubelet reads them again.
        "rotateCertificates": false,
        "serverTLSBootstrap": false,
        "protectKernelDefaults": true,
        "makeIPTablesUtilChains": true,
        "seccompDefault": true,
        "enableProfilingHandler": false,
        "enableDebugFlagsHandler": false,
        "streamingConnectionIdleTimeout": "30m",
        "eventRecordQPS": 50,
        // Swap that was asked for, and taken back, is there until the next boot.
        "failSwapOn": false,
    })
}

fn resources(facts: &NodeFacts) -> Value {
    // The scheduler gives no pod what the kernel would refuse it.
    let reserved = (reserved_memory(facts.memory) >> 20) + FOR_THE_KERNEL;
    json!({
        "maxPods": MAX_PODS,
        "podPidsLimit": pod_processes(facts.memory),
        "systemReserved": {
            "memory": format!("{reserved}Mi"),
            "cpu": "100m",
            "pid": reserved_processes(facts.memory).to_string(),
        },
        // `/sys/fs/cgroup/kubepods` gets what is left as its own limits, of memory and of processes.
        "enforceNodeAllocatable": ["pods"],
        "evictionHard": {
            "memory.available": LAST_MEMORY,
            "nodefs.available": "5%",
            "nodefs.inodesFree": "5%",
            "imagefs.available": "5%",
        },
        // Five minutes by default: a node that nobody looks after shall take pods again soon after there is room.
        "evictionPressureTransitionPeriod": "1m",
        "imageGCHighThresholdPercent": 85,
        "imageGCLowThresholdPercent": 75,
        "containerLogMaxSize": "2Mi",
        "containerLogMaxFiles": 2,
        // Ten seconds by default. Logs are in memory, and once it is full nothing can be rotated any more.
        "containerLogMonitorInterval": "3s",
        // Fewer writes: the node's status is written when it changes, and every five minutes.
        "nodeStatusUpdateFrequency": "10s",
        "nodeStatusReportFrequency": "5m",
        "nodeLeaseDurationSeconds": 40,
        "syncFrequency": "1m",
    })
}

fn swap(swap: Swap) -> Value {
    let behaviour = match swap {
        Swap::None => "NoSwap",
        Swap::Compressed => "LimitedSwap",
    };
    json!({ "memorySwap": { "swapBehavior": behaviour } })
}

/// Of the seconds that pods have to end with the machine, those for the pods that the others need. They end last.
fn of_critical_pods(all: u32) -> u32 {
    (all / 6).min(15)
}

/// Processes and threads that one pod may have. The kernel gives a machine about eight for each MiB, and each takes some 30 KiB
/// of it: a pod that forks without end ends at an eighth of a machine, and a large program has room.
fn pod_processes(memory: u64) -> u64 {
    ((memory >> 20) / 2).clamp(512, 4096)
}

/// Processes and threads that all pods together leave to the system: its services have some 300, and each pod's shim a dozen.
/// A quarter of a small machine's.
fn reserved_processes(memory: u64) -> u64 {
    ((memory >> 20) * 2).min(2048)
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from.into_iter().filter(|(_, value)| !value.is_null()));
    }
}

#[cfg(test)]
mod tests {
    use super::{FOR_THE_KERNEL, NodeFacts, resources};
    use std::time::UNIX_EPOCH;

    #[test]
    fn the_scheduler_knows_what_the_system_keeps() {
        for (mib, memory, of_a_pod, reserved) in [
            (512, "234Mi", 512, "1024"),
            (920, "370Mi", 512, "1840"),
            (1967, "704Mi", 983, "2048"),
            (7900, "1088Mi", 3950, "2048"),
            (64_000, "1344Mi", 4096, "2048"),
        ] {
            let facts = NodeFacts {
                address: [10, 0, 0, 1].into(),
                memory: mib << 20,
                now: UNIX_EPOCH,
                emulate: None,
            };
            let planned = resources(&facts);
            assert_eq!(planned["systemReserved"]["memory"], memory, "{mib}");
            let protected = (init_api::reserved_memory(facts.memory) >> 20) + FOR_THE_KERNEL;
            assert_eq!(memory, format!("{protected}Mi"), "one number");
            assert_eq!(planned["podPidsLimit"], of_a_pod, "{mib}");
            assert_eq!(planned["systemReserved"]["pid"], reserved, "{mib}");
        }
    }
}
