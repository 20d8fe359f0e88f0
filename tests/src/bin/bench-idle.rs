//! `make bench-idle`: memory of the whole machine and writes to its disk, of a node that has nothing to do.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use machine::{Deadline, Error, Network, Qemu, Running, Spec, Vm};
use vm_tests::{Stage, root};

/// How long the node is left alone before its memory is read.
const SETTLE: Duration = Duration::from_secs(180);
/// How long writes are counted; `HOLDFAST_IDLE_MINUTES` overrides.
const MINUTES: u64 = 10;
/// Budget of used memory in megabytes of 10^6 bytes.
const MEMORY: f64 = 450.0;
/// Budget of writes in megabytes an hour, beyond those of the process that holds the datastore (SQLite).
const WRITES: f64 = 20.0;
/// Prints used memory in bytes, the sectors written to the state partition and the whole disk, and the bytes that the
/// engine, in which the datastore runs, has written.
const ASK: &str = "awk '/MemTotal/ {t=$2} /MemAvailable/ {a=$2} END {print (t-a)*1024}' /proc/meminfo; \
    awk '{print $7}' /sys/class/block/vda5/stat /sys/class/block/vda/stat; \
    awk '/^write_bytes/ {print $2}' /proc/$(pgrep -o -f '^[^ ]*engine run')/io";
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
    let qemu = Qemu::find()?;
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
    pass(&mut running, SETTLE)?;
    let before = ask(&running)?;
    println!(
        "{}",
        running
            .ssh()?
            .run("ps -eo rss,args --sort=-rss | head -12")?
            .trim_end()
    );
    let used = before[0] as f64 / 1e6;
    println!("used memory (MemTotal - MemAvailable): {used:.0} MB of {MEMORY:.0}");
    pass(&mut running, Duration::from_secs(60 * minutes))?;
    let after = ask(&running)?;
    let hourly = |index: usize, unit: f64| {
        (after[index] - before[index]) as f64 * unit / 1e6 * 60.0 / minutes as f64
    };
    let (state, disk, datastore) = (hourly(1, 512.0), hourly(2, 512.0), hourly(3, 1.0));
    let beyond = state - datastore;
    println!(
        "written in {minutes} min, as MB an hour: whole disk {disk:.1}, state {state:.1}, of which the datastore's process \
         {datastore:.1}; beyond it {beyond:.1} of {WRITES:.0}"
    );
    println!(
        "written since the boot, by process (bytes):\n{}",
        running.ssh()?.run(WRITERS)?.trim_end()
    );
    Ok(used <= MEMORY && beyond <= WRITES)
}

/// What [`ASK`] prints.
fn ask(running: &Running) -> anyhow::Result<Vec<u64>> {
    let said = running.ssh()?.run(ASK)?;
    said.lines()
        .map(|line| {
            line.trim()
                .parse()
                .with_context(|| format!("not a number: {line:?}"))
        })
        .collect()
}

/// Lets time go by while the machine runs.
fn pass(running: &mut Running, length: Duration) -> anyhow::Result<()> {
    match running.wait_for("the time to pass", Deadline::after(length), |_| None::<()>) {
        Err(Error::TimedOut { .. }) | Ok(_) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
