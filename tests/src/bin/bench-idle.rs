//! `make bench-idle`: memory of the whole machine and writes to its disk, of a node that has nothing to do.

#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use machine::{Deadline, Network, Platform, Qemu, Running, Spec, Vm};
use vm_tests::{Stage, root};

/// How long the node is left alone before its memory is read.
const SETTLE: Duration = Duration::from_secs(180);
/// How long writes are counted; `HOLDFAST_IDLE_MINUTES` overrides.
const MINUTES: u64 = 10;
/// Budget of used memory in megabytes of 10^6 bytes.
const MEMORY: f64 = 365.0;
/// Budget of all writes in megabytes an hour.
const WRITES: f64 = 16.0;
/// Budget of the upgrader in megabytes, while no `Upgrade` asks for anything.
const UPGRADER: f64 = 12.0;
/// Prints the memory of the upgrader's service in bytes, with its share of what it shares with others (`Pss`), and how many pods
/// of its controller there are.
const ASK_UPGRADER: &str = "awk '/^Pss:/ {print $2*1024}' /proc/$(pgrep -f '^/usr/bin/holdfast upgrade serve')/smaps_rollup; \
    pgrep -fc '^/usr/bin/holdfast upgrade control' || true";
/// Prints used memory in bytes, and the sectors written to the state partition and the whole disk.
const ASK: &str = "awk '/MemTotal/ {t=$2} /MemAvailable/ {a=$2} END {print (t-a)*1024}' /proc/meminfo; \
    awk '{print $7}' /sys/class/block/vda5/stat /sys/class/block/vda/stat";
/// Prints the round, the frames and the page size of the datastore's write-ahead log.
const LOG: &str = include_str!("../../bench/wal");
/// Bytes of a frame's header.
const FRAME_HEADER: u64 = 24;
/// All components of the engine's plan, and other ways than PID 1's to put them into processes.
const APART: &str =
    "kine kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy flanneld";
const TOGETHER: &str =
    "kine,kube-apiserver,kube-controller-manager,kube-scheduler,kubelet,kube-proxy,flanneld";
/// Prints what each process has written, largest first.
const WRITERS: &str = "for p in /proc/[0-9]*; do w=$(awk '/^write_bytes/ {print $2}' $p/io 2>/dev/null); \
    [ \"${w:-0}\" -gt 0 ] && echo \"$w $(tr '\\0' ' ' <$p/cmdline | cut -c1-60)\"; done | sort -rn | head -6";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench-idle: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<bool> {
    let minutes = std::env::var("HOLDFAST_IDLE_MINUTES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(MINUTES);
    let qemu = Qemu::find(Platform::Q35)?;
    let spec = Spec {
        network: Network::Offline,
        ..Spec::default()
    };
    let vm = Vm::create_with_copy(
        &root().join("build/bench/idle"),
        &vm_tests::image()?,
        spec,
        &qemu,
    )?;
    vm.place_config(&Stage::config(&vm)?)?;
    let mut running = vm.start("bench-idle", &qemu)?.owned();
    let ready = running.wait_ready(Deadline::minutes(20), |_, _| {})?;
    println!(
        "Ready after {:.0} s; the node is left alone for {} s",
        ready.as_secs_f64(),
        SETTLE.as_secs()
    );
    running.let_run(SETTLE, |_| ())?;
    let before = ask(&running)?;
    let used = used(&running, &before)?;
    println!("used memory (MemTotal - MemAvailable): {used:.0} MB of {MEMORY:.0}");
    let upgrader = upgrader(&running)?;
    println!("of which the upgrader: {upgrader:.1} MB of {UPGRADER:.0}");
    let log = watch_log(&mut running, minutes)?;
    let after = ask(&running)?;
    let hourly = |bytes: u64| bytes as f64 / 1e6 * 60.0 / minutes as f64;
    let sectors = |index: usize| hourly((after[index] - before[index]) * 512);
    let (state, log) = (sectors(1), hourly(log));
    let all = sectors(2);
    println!(
        "written in {minutes} min, as MB an hour: whole disk {all:.1} of {WRITES:.0}, state {state:.1}, of which SQLite's log at \
         least {log:.1}"
    );
    println!(
        "written since the boot, by process (bytes):\n{}",
        running.ssh()?.run(WRITERS)?.trim_end()
    );
    for (what, processes) in [
        ("a process for each component", APART),
        ("one process for all", TOGETHER),
    ] {
        let other = arranged(&mut running, processes)?;
        println!(
            "used memory with {what}: {other:.0} MB; the node's two processes take {:.2} of that",
            used / other
        );
    }
    Ok(used <= MEMORY && all <= WRITES && upgrader <= UPGRADER)
}

/// Megabytes that the upgrader takes. Its controller runs while there is an `Upgrade` and at no other time, which is looked at.
fn upgrader(running: &Running) -> anyhow::Result<f64> {
    let &[bytes, controllers] = &numbers(running, ASK_UPGRADER)?[..] else {
        bail!("the upgrader's service does not run");
    };
    ensure!(controllers == 0, "its controller runs without an Upgrade");
    Ok(bytes as f64 / 1e6)
}

/// Used memory in megabytes when the engine's components run in these processes.
fn arranged(running: &mut Running, processes: &str) -> anyhow::Result<f64> {
    running.ssh()?.run(&format!(
        "holdfast service stop kubelet; holdfast service stop control-plane; \
         for old in $(pgrep -f '^[^ ]*engine run'); do kill $old; tail --pid=$old -f /dev/null; done; \
         rm -f /run/arranged-*.log; for names in {processes}; do setsid /usr/lib/holdfast/engine run --plan /run/holdfast/cluster/engine.json \
         --only $names </dev/null >/run/arranged-$names.log 2>&1 & done"
    ))?;
    running.ssh()?.run(
        "timeout 600 sh -c 'until grep -q \"kubelet ready\" /run/arranged-*.log; do sleep 1; done'",
    )?;
    running.let_run(SETTLE, |_| ())?;
    used(running, &ask(running)?)
}

/// Used memory in megabytes out of what [`ASK`] printed, with the largest processes printed beside it.
fn used(running: &Running, asked: &[u64]) -> anyhow::Result<f64> {
    println!(
        "{}",
        running
            .ssh()?
            .run("ps -eo rss,args --sort=-rss | head -12")?
            .trim_end()
    );
    Ok(asked[0] as f64 / 1e6)
}

/// Lets `minutes` go by; returns the bytes that SQLite has appended to its log meanwhile, or fewer: what a round that ended
/// had got since it was last looked at is not counted, nor is what a checkpoint copies into the database.
fn watch_log(running: &mut Running, minutes: u64) -> anyhow::Result<u64> {
    let mut bytes = 0;
    let mut last = numbers(running, LOG)?;
    for _ in 0..minutes {
        running.let_run(Duration::from_secs(60), |_| ())?;
        let now = numbers(running, LOG)?;
        bytes += appended(&last, &now)?;
        last = now;
    }
    Ok(bytes)
}

/// Bytes between two looks at the log.
fn appended(before: &[u64], after: &[u64]) -> anyhow::Result<u64> {
    let (&[old, from, _], &[new, to, page]) = (before, after) else {
        bail!("not round, frames and page size: {before:?}, {after:?}");
    };
    let frames = if new == old {
        to.saturating_sub(from)
    } else {
        to
    };
    Ok(frames * (page + FRAME_HEADER))
}

fn ask(running: &Running) -> anyhow::Result<Vec<u64>> {
    numbers(running, ASK)
}

/// The numbers that a command on the node prints.
fn numbers(running: &Running, command: &str) -> anyhow::Result<Vec<u64>> {
    let said = running.ssh()?.run(command)?;
    said.split_whitespace()
        .map(|word| {
            word.parse()
                .with_context(|| format!("not a number: {word:?}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::appended;

    #[test]
    fn a_log_that_grew_and_one_begun_anew() {
        for (before, after, frames) in [
            ([1, 100, 4096], [1, 150, 4096], 50),
            ([1, 100, 4096], [1, 100, 4096], 0),
            ([1, 1000, 4096], [2, 30, 4096], 30),
        ] {
            assert_eq!(appended(&before, &after).unwrap(), frames * 4120);
        }
        assert!(appended(&[1, 2], &[1, 2, 3]).is_err());
    }
}
