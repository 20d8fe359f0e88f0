//! Pods that take whatever they can get, beside quiet ones: the node stays Ready, its API answers from outside, and they are
//! named.

use std::time::{Duration, Instant};

use anyhow::ensure;
use machine::Spec;
use vm_tests::{Node, Stage};

use crate::attack::{
    Attack, Attackers, CRASH, CRASHES, DISK, FILES, LOGS, MEMORY, MEMORY_FILES, PATIENCE,
    PROCESSES, SLOW_DISK,
};

/// How long the API is asked on each side at least, under every attack.
const LENGTH: Duration = Duration::from_secs(60);
/// Until an attack is done to the full, on emulated processors that all of them share.
const DONE_WITHIN: Duration = Duration::from_secs(1200);
/// How often one looks whether it is.
const LOOKS_EVERY: u32 = 10;
/// The kubelet takes down pods one by one.
const GONE_WITHIN: u64 = 900;

/// How the API answered: each answer's time, in order of size, and the questions without one.
#[derive(Default)]
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
    let mut node = attacked(stage)?;
    stage.judge(
        &mut node,
        &[
            ("nobody", |stage, node| {
                answers(stage, node, "nobody", &[]).map(drop)
            }),
            ("memory", |stage, node| {
                attack(stage, node, "memory", &[MEMORY])
            }),
            ("files in memory", |stage, node| {
                attack(stage, node, "memory-files", &[MEMORY_FILES])
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
                attack(stage, node, "crashes", &[CRASH])
            }),
            ("together", |stage, node| {
                let all = [MEMORY, PROCESSES, LOGS, DISK, FILES, CRASH];
                attack(stage, node, "together", &all)
            }),
            ("the system's turn at a slow card", the_systems_turn),
            ("together, on a slow card", on_a_slow_card),
        ],
    )?;
    node.power_down()?;
    Ok(())
}

/// They stay beside the others: their first start is most of their work.
pub(crate) fn a_node_full_of_crashing_pods(stage: &mut Stage) -> anyhow::Result<()> {
    let mut node = attacked(stage)?;
    stage.judge(
        &mut node,
        &[
            ("crashes", |stage, node| {
                let quiet = quiet_pods(node)?;
                let crashers = begun(node, "many", &[CRASHES])?;
                judge(stage, node, "crashes", &crashers, &quiet)
            }),
            ("together", |stage, node| {
                let all = [MEMORY, PROCESSES, LOGS, DISK, FILES];
                attack(stage, node, "together", &all)
            }),
        ],
    )?;
    node.power_down()?;
    Ok(())
}

/// A node as those are that this was first seen on, with a quiet pod.
fn attacked(stage: &mut Stage) -> anyhow::Result<Node> {
    let spec = Spec {
        cpus: 2,
        memory_mib: 2048,
        ..Stage::spec()
    };
    let vm = stage.machine(spec, None)?;
    stage.start_with_probe(&vm)
}

/// The same on a disk of 20 MB and 500 operations a second. Beside all the others a writer has too little of emulated processors to
/// keep even that busy.
fn on_a_slow_card(stage: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    let all = [MEMORY, PROCESSES, LOGS, DISK, FILES, CRASH];
    with_a_slow_card(node, |node| attack(stage, node, "slow", &all))
}

fn with_a_slow_card<T>(
    node: &mut Node,
    act: impl FnOnce(&mut Node) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    node.throttle_disk(20_000_000, 500)?;
    let done = act(node);
    node.throttle_disk(0, 0)?;
    done
}

/// What the system reads from a slow card takes hardly longer beside a pod that writes without end. Served in turns without
/// weights, it takes twice as long.
fn the_systems_turn(stage: &mut Stage, node: &mut Node) -> anyhow::Result<()> {
    let (alone, beside) = with_a_slow_card(node, |node| {
        let alone = reads(node)?;
        let writer = begun(node, "turns", &[SLOW_DISK])?;
        // While the system does not need the disk: it is the disk that says so.
        let named = writer.iter().try_for_each(|each| each.are_named(node));
        let beside = reads(node);
        for each in &writer {
            each.end(node)?;
        }
        named?;
        Ok((alone, beside?))
    })?;
    let ratio = beside.as_secs_f64() / alone.as_secs_f64();
    stage.note(format!(
        "the system reads in {:.1} s from a slow card, in {:.1} s beside a pod that writes: {ratio:.2}",
        alone.as_secs_f64(),
        beside.as_secs_f64()
    ));
    ensure!(ratio < 1.5, "the system waits for a pod: {ratio:.2}");
    Ok(())
}

/// How long a service of the system needs for 120 MiB of the disk.
fn reads(node: &Node) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    node.ssh("dd if=/dev/vda of=/dev/null bs=1M count=120 iflag=direct 2>&1")?;
    Ok(begin.elapsed())
}

fn attack(
    stage: &mut Stage,
    node: &mut Node,
    part: &str,
    attacks: &[Attack],
) -> anyhow::Result<()> {
    let before = pods_of_the_kernel(node)?;
    let quiet = quiet_pods(node)?;
    let attackers = begun(node, part, attacks)?;
    let judged = judge(stage, node, part, &attackers, &quiet);
    for each in &attackers {
        each.end(node)?;
    }
    node.until("the attackers to be gone", GONE_WITHIN, |node| {
        let pods = pods_of_the_kernel(node)?;
        ensure!(pods <= before, "{pods} pods are there, {before} were");
        Ok(())
    })?;
    judged
}

fn begun(node: &Node, part: &str, attacks: &[Attack]) -> anyhow::Result<Vec<Attackers>> {
    let attackers = attacks
        .iter()
        .map(|attack| Attackers::begin(*attack, part, node))
        .collect::<anyhow::Result<Vec<_>>>()?;
    for each in &attackers {
        each.wait(node)?;
    }
    Ok(attackers)
}

fn judge(
    stage: &mut Stage,
    node: &Node,
    part: &str,
    attackers: &[Attackers],
    quiet: &str,
) -> anyhow::Result<()> {
    let answered = answers(stage, node, part, attackers).and_then(|answers| {
        ensure!(answers.none == 0, "the API did not answer: {answers}");
        Ok(())
    });
    // Each is looked for, whatever became of the others.
    let named = attackers.iter().map(|each| each.are_named(node));
    let wrong: Vec<String> = [answered]
        .into_iter()
        .chain(named)
        .chain([quiet_ones_ran_on(node, quiet)])
        .filter_map(|outcome| outcome.err().map(|error| format!("{error:#}")))
        .collect();
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

fn quiet_ones_ran_on(node: &Node, before: &str) -> anyhow::Result<()> {
    let now = quiet_pods(node)?;
    ensure!(
        now == before,
        "quiet pods were {before:?}, and are {now:?}: name, phase and restarts"
    );
    Ok(())
}

/// The quiet pods, each with what happened to it. One that was evicted is still there.
fn quiet_pods(node: &Node) -> anyhow::Result<String> {
    let pods = node.kubectl()?.run(&[
        "get",
        "pods",
        "-l=app=probe",
        "-o=jsonpath={range .items[*]}{.metadata.name} {.status.phase} {.status.containerStatuses[*].restartCount};{end}",
    ])?;
    Ok(pods)
}

/// Pods without requests that have a group.
fn pods_of_the_kernel(node: &Node) -> anyhow::Result<usize> {
    let groups = node.ssh("ls /sys/fs/cgroup/kubepods/besteffort")?;
    Ok(groups
        .lines()
        .filter(|name| name.starts_with("pod"))
        .count())
}

/// Asks the API from outside whether the node is Ready, every two seconds, for a while and until the attackers are done.
fn answers(
    stage: &mut Stage,
    node: &Node,
    name: &str,
    attackers: &[Attackers],
) -> anyhow::Result<Answers> {
    let kubectl = node.kubectl()?;
    let ask = [
        "get",
        "nodes",
        PATIENCE,
        "-o=jsonpath={.items[0].status.conditions[?(@.type==\"Ready\")].status}",
    ];
    let (begin, mut answers, mut left) = (
        Instant::now(),
        Answers::default(),
        attackers.iter().collect::<Vec<_>>(),
    );
    for number in 1.. {
        let asked = Instant::now();
        match kubectl.run(&ask) {
            Ok(ready) => {
                answers.took.push(asked.elapsed());
                ensure!(ready.trim() == "True", "the node is not Ready: {ready:?}");
            }
            Err(_) => answers.none += 1,
        }
        if number % LOOKS_EVERY == 0 {
            left.retain(|each| !each.are_done(node).unwrap_or(false));
        }
        let elapsed = begin.elapsed();
        if elapsed >= LENGTH && (left.is_empty() || elapsed >= DONE_WITHIN) {
            break;
        }
        std::thread::sleep(Duration::from_secs(2).saturating_sub(asked.elapsed()));
    }
    answers.took.sort_unstable();
    // What the system waited for the disk and for memory: why somebody is named, or nobody.
    let waited = node.ssh("head -n 1 /sys/fs/cgroup/system/{io,memory}.pressure")?;
    let waited: Vec<&str> = waited.split_whitespace().collect();
    stage.note(format!(
        "{name}: {answers} in {} s; {}",
        begin.elapsed().as_secs(),
        waited.join(" ")
    ));
    let left: Vec<&str> = left.into_iter().map(Attackers::name).collect();
    ensure!(
        left.is_empty(),
        "after {} s {left:?} had not done it to the full",
        DONE_WITHIN.as_secs()
    );
    Ok(answers)
}
