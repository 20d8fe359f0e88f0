//! `make bench-encryption`: what `state: {encryption: tpm}` costs, against the same machine without it.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use anyhow::{Context, ensure};
use machine::{Deadline, Network, Platform, Qemu, Running, Spec, Vm};
use vm_tests::{Stage, median, root};

/// Starts that are compared, by turns, after the first one of each.
const STARTS: usize = 3;
/// How long a start may take.
const MINUTES: u64 = 20;
/// Bytes that are written and read.
const MEGABYTES: u64 = 128;
/// Prints seconds for writing a file with all that belongs to it, and for reading it from the disk.
const DISK: &str = "set -e; f=/var/lib/bench; now() { cut -d' ' -f1 /proc/uptime; }; \
    head -c ${MB}M /dev/urandom >/dev/shm/bench; a=$(now); dd if=/dev/shm/bench of=$f bs=1M conv=fsync 2>/dev/null; b=$(now); \
    rm /dev/shm/bench; echo 3 >/proc/sys/vm/drop_caches; c=$(now); cat $f >/dev/null; d=$(now); rm $f; \
    awk -v a=$a -v b=$b -v c=$c -v d=$d 'BEGIN {print b-a, d-c}'";

/// What one start showed, in seconds.
#[derive(Debug, Clone, Copy)]
struct Shown {
    ready: f64,
    write: f64,
    read: f64,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-encryption: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let qemu = Qemu::find(Platform::Q35)?;
    let machines = [("clear", ""), ("sealed", "state: {encryption: tpm}\n")];
    let made = machines.map(|(name, more)| made(name, more, &qemu));
    let [clear, sealed] = made;
    let machines = [clear?, sealed?];
    let mut shown = [Vec::new(), Vec::new()];
    for turn in 1..=STARTS {
        for (vm, shown) in machines.iter().zip(&mut shown) {
            let mut running = vm.start("bench-encryption", &qemu)?.owned();
            let one = measure(&mut running)?;
            println!(
                "start {turn}: Ready after {:.1} s, {MEGABYTES} MB written in {:.2} s, read in {:.2} s",
                one.ready, one.write, one.read
            );
            shown.push(one);
            off(&running)?;
        }
    }
    for (what, of) in [
        ("to Ready", (|one| one.ready) as fn(&Shown) -> f64),
        ("writing", |one| one.write),
        ("reading", |one| one.read),
    ] {
        let [clear, sealed] = [&shown[0], &shown[1]].map(|all| median(all.iter().map(of)));
        println!(
            "{what}: {clear:.2} s in clear, {sealed:.2} s encrypted: {:.2} times",
            sealed / clear
        );
    }
    Ok(())
}

/// A machine that was Ready once, with its state as `more` of the configuration wants it, and is off.
fn made(name: &str, more: &str, qemu: &Qemu) -> anyhow::Result<Vm> {
    let spec = Spec {
        network: Network::Offline,
        tpm: true,
        ..Spec::default()
    };
    let folder = root().join("build/bench/encryption").join(name);
    let vm = Vm::create_with_copy(&folder, &vm_tests::image()?, spec, qemu)?;
    vm.place_config(&(Stage::config(&vm)? + more))?;
    let mut running = vm.start("bench-encryption", qemu)?.owned();
    if !more.is_empty() {
        // Maintenance mode, which it says before it restarts, is no end.
        running.wait_for_text("encrypting the state partition", Deadline::minutes(MINUTES))?;
    }
    running.wait_ready(Deadline::minutes(MINUTES), |_, _| {})?;
    let status = running.ssh()?.run("holdfast status")?;
    ensure!(
        status.contains("encrypted, opened") != more.is_empty(),
        "{name}: {status}"
    );
    off(&running)?;
    Ok(vm)
}

fn measure(running: &mut Running) -> anyhow::Result<Shown> {
    let ready = running.wait_ready(Deadline::minutes(MINUTES), |_, _| {})?;
    let said = running.ssh()?.run(&format!("MB={MEGABYTES}; {DISK}"))?;
    let seconds: Result<Vec<f64>, _> = said.split_whitespace().map(str::parse).collect();
    let [write, read] = seconds.context("no seconds")?[..] else {
        anyhow::bail!("not two times: {said}");
    };
    Ok(Shown {
        ready: ready.as_secs_f64(),
        write,
        read,
    })
}

fn off(running: &Running) -> anyhow::Result<()> {
    ensure!(
        running.power_down(Deadline::minutes(5))?,
        "the machine does not go off"
    );
    Ok(())
}
