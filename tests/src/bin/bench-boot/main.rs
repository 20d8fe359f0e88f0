//! `make bench-boot`: from the kernel's start to the engine's and to a Ready node, against Debian with systemd.
//!
//! Both sides run the same kernel, engine and cluster commands in the same virtual machine, in turns. Each has been
//! Ready once before it is measured: what is compared is an ordinary boot. `HOLDFAST_ROUNDS` is the number of turns.

#![forbid(unsafe_code)]

mod debian;
mod disk;
mod measure;

use std::process::ExitCode;

use anyhow::Context;
use machine::{Deadline, Network, Platform, Processor, Qemu, Spec, Vm};
use vm_tests::{Stage, median, root};

use measure::{Boot, Side};

/// Turns unless told otherwise.
const ROUNDS: usize = 3;
/// Budgets: Holdfast's time over Debian's.
const ENGINE_BUDGET: f64 = 0.5;
const READY_BUDGET: f64 = 0.55;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("bench-boot: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<ExitCode> {
    let rounds = std::env::var("HOLDFAST_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(ROUNDS);
    let folder = root().join("build/bench");
    let qemu = Qemu::find(Platform::Q35)?;
    let spec = Spec {
        network: Network::Offline,
        processor: Processor::V3,
        ..Spec::default()
    };

    println!(
        "both sides: {} processors {}",
        spec.cpus,
        qemu.accel.model(&spec.processor, Platform::Q35)
    );
    println!("Holdfast: first boot");
    let image = vm_tests::image()?;
    let holdfast = Vm::create_with_copy(&folder.join("holdfast"), &image, spec.clone(), &qemu)?;
    holdfast.place_config(&Stage::config(&holdfast)?)?;
    let mut running = holdfast.start("bench-holdfast", &qemu)?.owned();
    running.wait_ready(Deadline::minutes(20), |_, _| {})?;
    let settings = running.ssh()?.run("cat /run/holdfast/settings.json")?;
    let containerd = running.ssh()?.run(&format!("cat {}", debian::CONTAINERD))?;
    let kernel = running.ssh()?.run("uname -r")?;
    measure::off(running)?;

    println!("Debian: making its disk, then its first boot");
    let base = debian::make(
        &folder,
        &image,
        kernel.trim(),
        &[
            ("usr/lib/bench/settings.json", &settings),
            (&debian::CONTAINERD[1..], &containerd),
        ],
    )?;
    let debian = Vm::create(&folder.join("debian"), &base, spec, &qemu)?;
    measure::boot(&debian, Side::Debian, &qemu).context("Debian's first boot")?;

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=rounds {
        let boot = measure::boot(&holdfast, Side::Holdfast, &qemu).context("a boot of Holdfast")?;
        print(round, "Holdfast", boot);
        ours.push(boot);
        let boot = measure::boot(&debian, Side::Debian, &qemu).context("a boot of Debian")?;
        print(round, "Debian", boot);
        theirs.push(boot);
    }
    Ok(if within(&ours, &theirs) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print(round: usize, side: &str, boot: Boot) {
    println!(
        "round {round}: {side:<8}  containerd {:6.2} s  Kubernetes {:6.2} s  Ready {:6.2} s",
        boot.containerd, boot.kubernetes, boot.ready
    );
}

/// Prints all ratios; whether each is within its budget. The engine's programs are two, and both are held to its budget.
fn within(ours: &[Boot], theirs: &[Boot]) -> bool {
    type Time = fn(&Boot) -> f64;
    let lines: [(&str, Time, f64); 3] = [
        (
            "kernel start to containerd exec",
            |boot| boot.containerd,
            ENGINE_BUDGET,
        ),
        (
            "kernel start to Kubernetes exec",
            |boot| boot.kubernetes,
            ENGINE_BUDGET,
        ),
        (
            "kernel start to node Ready",
            |boot| boot.ready,
            READY_BUDGET,
        ),
    ];
    let verdicts = lines.map(|(what, time, budget)| verdict(what, ours, theirs, time, budget));
    verdicts.into_iter().all(|good| good)
}

/// Prints medians and their ratio; whether the ratio is within its budget.
fn verdict(
    what: &str,
    ours: &[Boot],
    theirs: &[Boot],
    time: fn(&Boot) -> f64,
    budget: f64,
) -> bool {
    let (ours, theirs) = (
        median(ours.iter().map(time)),
        median(theirs.iter().map(time)),
    );
    let ratio = ours / theirs;
    let good = ratio <= budget;
    println!(
        "{what}: median {ours:.2} s against {theirs:.2} s, ratio {ratio:.2} (budget {budget:.2}): {}",
        if good { "within" } else { "OVER" }
    );
    good
}
