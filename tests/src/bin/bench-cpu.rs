//! `make bench-cpu`: which emulated processor boots a node fastest, and whether one machine of two processors or two machines
//! of one get more done.
//!
//! Each row is an ordinary boot of the same disks until Ready, in turns, so that all of them meet the same host.
//! `HOLDFAST_ROUNDS` is the number of turns. Processor time is QEMU's own, which a busy host changes least.

#![forbid(unsafe_code)]

use std::fs;
use std::process::{Command, ExitCode};
use std::thread;

use anyhow::{Context, anyhow, ensure};
use machine::{Accel, Deadline, Network, Platform, Processor, Qemu, Running, Spec, Vm};
use vm_tests::{Stage, median, root};

/// Turns unless told otherwise.
const ROUNDS: usize = 3;
/// Ticks a second of the times in `/proc/PID/stat`; the same on all Linux that a program sees.
const TICKS: f64 = 100.0;
/// Kernel word that leaves out page-table isolation, retpolines and their like.
const BARE: &str = "mitigations=off";

/// One way to run machines.
#[derive(Debug)]
struct Way {
    processor: Processor,
    words: &'static [&'static str],
    machines: usize,
    cpus: u32,
}

/// Until the last machine is Ready, in seconds, and processor time of each.
#[derive(Debug, Clone, Copy)]
struct Took {
    ready: f64,
    busy: f64,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-cpu: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn ways() -> Vec<Way> {
    let named = |model: &str| Processor::Named(model.to_owned());
    let models = [Processor::V3, Processor::Quick, named("EPYC-Milan")];
    let one = models.into_iter().flat_map(|processor| {
        [&[][..], &[BARE][..]].map(|words| Way {
            processor: processor.clone(),
            words,
            machines: 1,
            cpus: 2,
        })
    });
    let two = [Processor::V3, Processor::Quick].map(|processor| Way {
        processor,
        words: &[],
        machines: 2,
        cpus: 1,
    });
    one.chain(two).collect()
}

fn run() -> anyhow::Result<()> {
    let rounds = std::env::var("HOLDFAST_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(ROUNDS);
    let mut qemu = Qemu::find(Platform::Q35)?;
    qemu.accel = Accel::Tcg;
    let first = first_boot("cpu-0", &qemu)?;
    let second = twin(&first, "cpu-1")?;
    let mut machines = [first, second];
    let ways = ways();
    let mut took = vec![Vec::new(); ways.len()];
    for round in 1..=rounds {
        for (way, took) in ways.iter().zip(&mut took) {
            let one = boot(&mut machines[..way.machines], way, &qemu)?;
            println!(
                "round {round}: {} {:.1} s, processor time {:.1} s",
                name(way),
                one.ready,
                one.busy
            );
            took.push(one);
        }
    }
    println!(
        "\n| processor | machines | Ready (median, s) | processor time of each (median, s) |\n|---|---|---|---|"
    );
    for (way, took) in ways.iter().zip(&took) {
        println!(
            "| {} | {:.1} | {:.1} |",
            name(way),
            median(took.iter().map(|took| took.ready)),
            median(took.iter().map(|took| took.busy)),
        );
    }
    Ok(())
}

fn name(way: &Way) -> String {
    let words = way
        .words
        .iter()
        .map(|word| format!(" `{word}`"))
        .collect::<String>();
    let (machines, cpus) = (way.machines, way.cpus);
    format!(
        "`{}`{words} | {machines} × {cpus}",
        way.processor.model(Platform::Q35)
    )
}

/// A machine that was Ready once, switched off.
fn first_boot(name: &str, qemu: &Qemu) -> anyhow::Result<Vm> {
    let spec = Spec {
        network: Network::Offline,
        ..Spec::default()
    };
    let image = vm_tests::image()?;
    let vm = Vm::create_with_copy(&root().join("build/bench").join(name), &image, spec, qemu)?;
    vm.place_config(&Stage::config(&vm)?)?;
    let mut running = vm.start(&format!("bench-{name}"), qemu)?.owned();
    running.wait_ready(Deadline::minutes(20), |_, _| {})?;
    off(&running)?;
    Ok(vm)
}

/// The same machine in another folder.
fn twin(vm: &Vm, name: &str) -> anyhow::Result<Vm> {
    let folder = root().join("build/bench").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    let mut copy = Command::new("cp");
    copy.args(["-r", "--sparse=always", "--reflink=auto"])
        .arg(vm.dir())
        .arg(&folder);
    let status = copy.status().context("cannot run cp")?;
    ensure!(status.success(), "cp to {}: {status}", folder.display());
    Vm::open(&folder)?.context("no machine was copied")
}

/// Boots machines side by side, and shuts them down when all are Ready.
fn boot(machines: &mut [Vm], way: &Way, qemu: &Qemu) -> anyhow::Result<Took> {
    for vm in &mut *machines {
        vm.change(|spec| {
            spec.cpus = way.cpus;
            spec.processor = way.processor.clone();
            spec.kernel_arguments = way.words.iter().map(|word| (*word).to_owned()).collect();
        })?;
    }
    let took = thread::scope(|scope| {
        let booting: Vec<_> = machines
            .iter()
            .map(|vm| scope.spawn(|| boot_one(vm, qemu)))
            .collect();
        booting
            .into_iter()
            .map(|one| one.join().map_err(|_| anyhow!("a boot panicked"))?)
            .collect::<anyhow::Result<Vec<_>>>()
    })?;
    let ready = took.iter().map(|(_, took)| took.ready).fold(0.0, f64::max);
    let busy = took.iter().map(|(_, took)| took.busy).sum::<f64>() / took.len() as f64;
    took.iter().try_for_each(|(running, _)| off(running))?;
    Ok(Took { ready, busy })
}

fn boot_one(vm: &Vm, qemu: &Qemu) -> anyhow::Result<(Running, Took)> {
    let mut running = vm.start("bench-cpu", qemu)?.owned();
    let ready = running
        .wait_ready(Deadline::minutes(20), |_, _| {})?
        .as_secs_f64();
    let busy = busy(&running)?;
    Ok((running, Took { ready, busy }))
}

/// Seconds that QEMU's threads have run so far.
fn busy(running: &Running) -> anyhow::Result<f64> {
    let file = format!("/proc/{}/stat", running.process().pid());
    let stat = fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
    let (_, after_name) = stat.rsplit_once(')').context("no name in it")?;
    let ticks =
        |field: usize| -> Option<f64> { after_name.split_whitespace().nth(field)?.parse().ok() };
    // Fields 14 and 15 of the line, counted behind the name, which is the second.
    let (user, system) = ticks(11)
        .zip(ticks(12))
        .with_context(|| format!("no times in {file}"))?;
    Ok((user + system) / TICKS)
}

fn off(running: &Running) -> anyhow::Result<()> {
    ensure!(
        running.power_down(Deadline::minutes(5))?,
        "the machine did not shut down"
    );
    Ok(())
}
