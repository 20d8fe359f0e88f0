//! What a hostile pod does without end, when it has done it to the full, and how it is named for that.

use anyhow::ensure;
use vm_tests::{Node, hostile_manifest, hostile_pods_manifest};

/// An answer that takes longer is none.
pub(crate) const PATIENCE: &str = "--request-timeout=10s";
/// How long a pod may take to begin, beside others that are at it already. Emulated processors need minutes beside a hundred that
/// crash, each of which is started again every five.
const BEGINS_WITHIN: u64 = 900;
/// How long an offender may go unnamed, once it has done what it is named for.
const NAMED_WITHIN: u64 = 120;
/// With the node's own, a quiet one and those of five other attacks they are as many as a node may have.
const CRASHERS: u32 = 102;

/// What a pod does without end, and the words of `holdfast status` and the event that name it. Its script has no quotation marks,
/// and is as fast as an emulated processor lets it: `tail /dev/zero` needs three minutes to fill the memory, and a thousand
/// programs longer to start.
#[derive(Clone, Copy)]
pub(crate) struct Attack {
    name: &'static str,
    /// How many pods do it.
    pods: u32,
    script: &'static str,
    /// Is true on the node once it is done to the full, by the pod's group `$G` and its volume `$V`; nothing for what is at once.
    done: &'static str,
    said: &'static str,
    event: &'static str,
}

pub(crate) const MEMORY: Attack = Attack {
    name: "eater",
    pods: 1,
    script: "while :; do dd if=/dev/zero of=/dev/null bs=1700M; done",
    done: "grep -q 'oom_kill [1-9]' $G/memory.events",
    said: "wants more memory",
    event: "OutOfMemory",
};
/// Files stay when the process that wrote them is ended.
pub(crate) const MEMORY_FILES: Attack = Attack {
    name: "hoarder",
    pods: 1,
    script: "dd if=/dev/zero bs=1M >> /memory/file; sleep 1",
    done: "grep -q 'oom_kill [1-9]' $G/memory.events",
    said: "wants more memory",
    event: "OutOfMemory",
};
pub(crate) const PROCESSES: Attack = Attack {
    name: "forks",
    pods: 1,
    script: "mkfifo /scratch/pipe; while :; do read line < /scratch/pipe & done",
    done: "grep -q 'max [1-9]' $G/pids.events",
    said: "wants more processes",
    event: "TooManyProcesses",
};
pub(crate) const LOGS: Attack = Attack {
    name: "logger",
    pods: 1,
    script: "exec yes a line that nobody will ever read",
    done: "",
    said: "logs faster",
    event: "TooManyLogs",
};
/// A disk that is fast enough for it waits for nobody: it is named on a slow one.
pub(crate) const DISK: Attack = Attack {
    name: "writer",
    pods: 1,
    script: "while :; do dd if=/dev/zero of=/scratch/file bs=1M count=8 conv=fsync; done",
    done: "",
    said: "",
    event: "",
};
pub(crate) const SLOW_DISK: Attack = Attack {
    said: "writes so much that others wait for the disk",
    event: "DiskBusy",
    ..DISK
};
pub(crate) const FILES: Attack = Attack {
    name: "maker",
    pods: 1,
    script: "cd /scratch; i=0; while let i+=1; do : > $i; done",
    // So many at least that the kubelet, which counts once a minute, has counted enough.
    done: "[ -e $V/25000 ]",
    said: "makes more files than the disk has room for",
    event: "TooManyFiles",
};
/// To a port of the host's where nobody is.
pub(crate) const CONNECTIONS: Attack = Attack {
    name: "caller",
    pods: 1,
    script: "while :; do echo anybody > /dev/udp/10.0.2.2/9; done",
    done: "nft list set inet holdfast pods_refused | grep -q expires",
    said: "wants more connections than a pod may have",
    event: "TooManyConnections",
};
pub(crate) const CRASH: Attack = Attack {
    name: "crasher",
    pods: 1,
    script: "echo no database here >&2; exit 3",
    done: "",
    said: "ends again and again: container shell with exit code 3; its last line: no database here",
    event: "CrashLoop",
};

/// By as many pods as a node has room for.
pub(crate) const CRASHES: Attack = Attack {
    pods: CRASHERS,
    ..CRASH
};

/// An attack on a node: its pods.
pub(crate) struct Attackers {
    attack: Attack,
    /// Of the pod, or of the ReplicaSet whose pods' names begin with it.
    name: String,
}

impl Attackers {
    /// Lets them in. Pods have another name in each part: those of an earlier one are still named for a while.
    pub(crate) fn begin(attack: Attack, part: &str, node: &Node) -> anyhow::Result<Self> {
        let name = format!("{}-{part}", attack.name);
        let image = node.system_image()?;
        let manifest = if attack.pods == 1 {
            hostile_manifest(&name, &image, attack.script)
        } else {
            hostile_pods_manifest(&name, attack.pods, &image, attack.script)
        };
        node.kubectl()?.apply(&manifest)?;
        Ok(Self { attack, name })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Waits until they are at it: one of them, where there are many. A pod that has ended meanwhile has begun, too.
    pub(crate) fn wait(&self, node: &Node) -> anyhow::Result<()> {
        let what = format!("pod {} to begin", self.name);
        node.until(&what, BEGINS_WITHIN, |node| {
            let phases = self.of_pods(node, "{.status.phase}")?;
            let begun = |(_, phase): &(String, String)| phase == "Running" || phase == "Failed";
            ensure!(phases.iter().any(begun), "{phases:?}");
            Ok(())
        })
    }

    /// Whether they have done it to the full.
    pub(crate) fn are_done(&self, node: &Node) -> anyhow::Result<bool> {
        if self.attack.pods > 1 {
            return self.have_all_crashed(node);
        }
        for (uid, phase) in self
            .of_pods(node, "{.metadata.uid}/{.status.phase}")?
            .iter()
            .filter_map(|(_, it)| it.split_once('/'))
        {
            let line = format!(
                "G=/sys/fs/cgroup/kubepods/besteffort/pod{uid} V=/var/lib/kubelet/pods/{uid}/volumes/kubernetes.io~empty-dir/scratch; {}",
                self.attack.done
            );
            // The kubelet's end of a pod is an answer to what it did.
            let ended = phase == "Failed";
            if !(ended || self.attack.done.is_empty() || node.try_ssh(&line)?.0 == 0) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Nine of ten, since some wait for their next start while others have their first; and one so often that it can be named for it.
    fn have_all_crashed(&self, node: &Node) -> anyhow::Result<bool> {
        let counts = self.of_pods(node, "{.status.containerStatuses[0].restartCount}")?;
        let counts = counts.iter().filter_map(|(_, count)| count.parse().ok());
        let counts: Vec<u32> = counts.collect();
        let once = counts.iter().filter(|count| **count >= 1).count();
        let often = counts.iter().any(|count| *count >= 2);
        Ok(often && once * 10 >= self.attack.pods as usize * 9)
    }

    /// In `holdfast status` and by an event of the pod.
    pub(crate) fn are_named(&self, node: &Node) -> anyhow::Result<()> {
        let Attack { said, event, .. } = self.attack;
        if said.is_empty() {
            return Ok(());
        }
        let begin = format!("pod default/{}", self.name);
        let wanted = format!("{begin} {said}");
        node.until(&wanted, NAMED_WITHIN, |node| {
            let status = node.ssh("holdfast status")?;
            let is_wanted =
                |line: &str| line.trim_start().starts_with(&begin) && line.contains(said);
            let offenders: Vec<&str> = status
                .lines()
                .filter(|line| line.contains("pod "))
                .collect();
            ensure!(
                offenders.iter().any(|line| is_wanted(line)),
                "it names {offenders:?}"
            );
            let reason = format!("--field-selector=reason={event}");
            let named = node.kubectl()?.run(&[
                "get",
                "events",
                &reason,
                PATIENCE,
                "-o=jsonpath={.items[*].involvedObject.name}",
            ])?;
            ensure!(
                named
                    .split_whitespace()
                    .any(|name| name.starts_with(&self.name)),
                "no event {event} of {}",
                self.name
            );
            Ok(())
        })
    }

    /// Throws it out, if it is one.
    pub(crate) fn end(&self, node: &Node) -> anyhow::Result<()> {
        let end = ["delete", "pod", &self.name, "--grace-period=0", "--force"];
        node.kubectl()?.run(&end)?;
        Ok(())
    }

    /// Each pod's name and what `path` says of it.
    fn of_pods(&self, node: &Node, path: &str) -> anyhow::Result<Vec<(String, String)>> {
        let each =
            format!("-o=jsonpath={{range .items[*]}}{{.metadata.name}} {path}{{\"\\n\"}}{{end}}");
        let all = node
            .kubectl()?
            .run(&["get", "pods", "-l=hostile=true", PATIENCE, &each])?;
        let lines = all.lines().filter_map(|line| line.split_once(' '));
        let ours = lines.filter(|(name, _)| name.starts_with(&self.name));
        Ok(ours
            .map(|(name, it)| (name.to_owned(), it.to_owned()))
            .collect())
    }
}
