//! Pods that take whatever they can get, beside quiet ones: the node stays Ready, its API answers from outside, and they are
//! named.

use std::time::{Duration, Instant};

use anyhow::ensure;
use vm_tests::{Node, Stage, hostile_manifest, probe_manifest};

/// How long the API is asked on each side, under every attack.
const LENGTH: Duration = Duration::from_secs(60);
/// An answer that takes longer is none.
const PATIENCE: &str = "--request-timeout=10s";
/// How long a pod may take to begin, beside others that are at it already.
const BEGINS_WITHIN: u64 = 180;
/// How long an offender may go unnamed, after the API was asked all the while.
const NAMED_WITHIN: u64 = 120;

/// What a pod does without end, and the words of `holdfast status` and the event that name it. Its script has no quotation marks,
/// and is as fast as an emulated processor lets it: `tail /dev/zero` needs three minutes to fill the memory, and a thousand
/// programs longer to start.
#[derive(Clone, Copy)]
struct Attack {
    name: &'static str,
    script: &'static str,
    said: &'static str,
    event: &'static str,
}

const MEMORY: Attack = Attack {
    name: "eater",
    script: "while :; do dd if=/dev/zero of=/dev/null bs=1700M; done",
    said: "wants more memory",
    event: "OutOfMemory",
};
const PROCESSES: Attack = Attack {
    name: "forks",
    script: "mkfifo /scratch/pipe; while :; do read line < /scratch/pipe & done",
    said: "wants more processes",
    event: "TooManyProcesses",
};
const LOGS: Attack = Attack {
    name: "logger",
    script: "exec yes a line that nobody will ever read",
    said: "logs faster",
    event: "TooManyLogs",
};
/// A disk that is fast enough for it waits for nobody: it is named on a slow one.
const DISK: Attack = Attack {
    name: "writer",
    script: "while :; do dd if=/dev/zero of=/scratch/file bs=1M count=8 conv=fsync; done",
    said: "",
    event: "",
};
const SLOW_DISK: Attack = Attack {
    said: "writes so much that the system waits for the disk",
    event: "DiskBusy",
    ..DISK
};
const FILES: Attack = Attack {
    name: "maker",
    script: "cd /scratch; i=0; while let i+=1; do : > $i; done",
    said: "makes more files than the disk has room for",
    event: "TooManyFiles",
};
const CRASHES: Attack = Attack {
    name: "crasher",
    script: "echo no database here >&2; exit 3",
    said: "ends again and again: container shell with exit code 3; its last line: no database here",
    event: "CrashLoop",
};

/// How the API answered: each answer's time, in order of size, and the questions without one.
struct Answers {
    took: Vec<Duration>,
    none: usize,
}

impl Answers {
    fn part(&self, percent: usize) -> Duration {
        let at = (self.took.len() * percent / 100).min(self.took.len().saturating_sub(1));
        self.took.get(at).copied().unwrap_or_default()
    }
}

impl std::fmt::Display for Answers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} answers, p50 {:.2} s, p99 {:.2} s, {} without one",
            self.took.len(),
            self.part(50).as_secs_f64(),
            self.part(99).as_secs_f64(),
            self.none
        )
    }
}

pub(crate) fn hostile_pods_hurt_themselves(stage: &mut Stage) -> anyhow::Result<()> {
    let mut node = stage.ready_node()?;
    node.kubectl()?.apply(&probe_manifest())?;
    node.wait_available("default", "deployment/probe")?;
    stage.judge(
        &mut node,
        &[
            ("nobody", |stage, node| {
                answers(stage, node, "nobody").map(drop)
            }),
            ("memory", |stage, node| {
                attack(stage, node, "memory", &[MEMORY])
            }),
            ("processes", |stage, node| {
                attack(stage, node, "processes", &[PROCESSES])
            }),
            ("logs", |stage, node| attack(stage, node, "logs", &[LOGS])),
            ("disk", |stage, node| attack(stage, node, "disk", &[DISK])),
            ("files", |stage, node| {
                attack(stage, node, "files", &[FILES])
            }),
            ("crashes", |stage, node| {
                attack(stage, node, "crashes", &[CRASHES])
            }),
            ("together", |stage, node| {
                let all = [MEMORY, PROCESSES, LOGS, DISK, FILES, CRASHES];
                attack(stage, node, "together", &all)
            }),
            ("together, on a slow card", on_a_slow_card),
        ],
    )?;
    node.power_down()?;
    Ok(())
}

/// The same on a disk of 20 MB and 500 operations a second.
fn on_a_slow_card(stage: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    node.throttle_disk(20_000_000, 500)?;
    let all = [MEMORY, PROCESSES, LOGS, SLOW_DISK, FILES, CRASHES];
    let done = attack(stage, node, "slow", &all);
    node.throttle_disk(0, 0)?;
    done
}

/// Pods have another name in each part: those of an earlier one are still named for a while.
fn attack(
    stage: &mut Stage,
    node: &mut Node,
    part: &str,
    attacks: &[Attack],
) -> anyhow::Result<()> {
    let kubectl = node.kubectl()?;
    let image = node.system_image()?;
    let pod = |attack: &Attack| format!("{}-{part}", attack.name);
    for attack in attacks {
        kubectl.apply(&hostile_manifest(&pod(attack), &image, attack.script))?;
    }
    // From when they are at it.
    for attack in attacks {
        has_begun(node, &pod(attack))?;
    }
    let answered = answers(stage, node, part).and_then(|answers| {
        ensure!(answers.none == 0, "the API did not answer: {answers}");
        Ok(())
    });
    // Each is looked for, whatever became of the others.
    let named = attacks
        .iter()
        .map(|attack| is_named(node, attack, &pod(attack)));
    let wrong: Vec<String> = [answered]
        .into_iter()
        .chain(named)
        .filter_map(|outcome| outcome.err().map(|error| format!("{error:#}")))
        .collect();
    for attack in attacks {
        kubectl.run(&["delete", "pod", &pod(attack), "--grace-period=0", "--force"])?;
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    // A quiet pod ran on.
    let restarts = kubectl.run(&[
        "get",
        "pods",
        "-l=app=probe",
        "-o=jsonpath={.items[*].status.containerStatuses[*].restartCount}",
    ])?;
    ensure!(
        restarts.trim() == "0",
        "the quiet pod was restarted: {restarts}"
    );
    Ok(())
}

/// A pod that has ended meanwhile has begun, too.
fn has_begun(node: &Node, pod: &str) -> anyhow::Result<()> {
    node.until(&format!("pod {pod} to begin"), BEGINS_WITHIN, |node| {
        let phase = ["get", "pod", pod, PATIENCE, "-o=jsonpath={.status.phase}"];
        let phase = node.kubectl()?.run(&phase)?;
        ensure!(["Running", "Failed"].contains(&phase.as_str()), "{phase}");
        Ok(())
    })
}

/// In `holdfast status` and by an event of the pod.
fn is_named(node: &Node, attack: &Attack, pod: &str) -> anyhow::Result<()> {
    if attack.said.is_empty() {
        return Ok(());
    }
    let wanted = format!("pod default/{pod} {}", attack.said);
    node.until(&wanted, NAMED_WITHIN, |node| {
        let status = node.ssh("holdfast status")?;
        ensure!(status.contains(&wanted), "holdfast status: {status}");
        let field = format!(
            "--field-selector=involvedObject.name={pod},reason={}",
            attack.event
        );
        let events = node
            .kubectl()?
            .run(&["get", "events", &field, "-o=name", PATIENCE])?;
        ensure!(
            !events.trim().is_empty(),
            "no event {} of {pod}",
            attack.event
        );
        Ok(())
    })
}

/// Asks the API from outside whether the node is Ready, every two seconds for a while.
fn answers(stage: &mut Stage, node: &Node, name: &str) -> anyhow::Result<Answers> {
    let kubectl = node.kubectl()?;
    let ask = [
        "get",
        "nodes",
        PATIENCE,
        "-o=jsonpath={.items[0].status.conditions[?(@.type==\"Ready\")].status}",
    ];
    let (begin, mut answers) = (
        Instant::now(),
        Answers {
            took: Vec::new(),
            none: 0,
        },
    );
    while begin.elapsed() < LENGTH {
        let asked = Instant::now();
        match kubectl.run(&ask) {
            Ok(ready) => {
                answers.took.push(asked.elapsed());
                ensure!(ready.trim() == "True", "the node is not Ready: {ready:?}");
            }
            Err(_) => answers.none += 1,
        }
        std::thread::sleep(Duration::from_secs(2).saturating_sub(asked.elapsed()));
    }
    answers.took.sort_unstable();
    stage.note(format!("{name}: {answers}"));
    Ok(answers)
}
