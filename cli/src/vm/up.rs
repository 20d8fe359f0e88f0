//! `holdfast vm up`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use machine::{Cache, Clock, Deadline, Network, Qemu, Running, Spec, Vm, with_ssh_key};

use super::{TIMED_OUT, duration, image, progress, reach};

/// The boards that are virtual machines.
const BOARDS: [&str; 1] = ["qemu-x86_64"];

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The board whose image is booted
    #[arg(long, default_value = "qemu-x86_64", value_parser = BOARDS)]
    board: String,
    /// The image; the newest one of the board in build/out unless given
    #[arg(long, value_name = "PATH")]
    image: Option<PathBuf>,
    /// A config.yaml to put on the CONFIG partition; the machine's own ssh key is added to it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Wait until the node is Ready
    #[arg(long)]
    wait_ready: bool,
    /// After that, wait until every Deployment of the cluster is available
    #[arg(long, requires = "wait_ready", conflicts_with = "no_network")]
    wait_workloads: bool,
    /// How long to wait
    #[arg(long, default_value = "20m", value_parser = duration::parse)]
    timeout: Duration,
    /// Memory in MiB
    #[arg(long, default_value_t = 2048, value_parser = clap::value_parser!(u32).range(512..))]
    memory: u32,
    /// Processors
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64))]
    cpus: u32,
    /// Size of the disk in GiB, when it is made
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(3..))]
    disk: u32,
    /// Throw the machine's disk away first
    #[arg(long)]
    fresh: bool,
    /// Leave the machine without a way to the outside; ssh and API still lead in
    #[arg(long, conflicts_with = "no_network")]
    offline: bool,
    /// Leave out the network card altogether
    #[arg(long)]
    no_network: bool,
    /// Where the hardware clock starts, like 1970-01-01T00:00:00; the host's time unless given
    #[arg(long, value_name = "UTC")]
    clock: Option<String>,
}

pub(super) fn run(dir: &Path, name: &str, args: &Args) -> anyhow::Result<ExitCode> {
    let deadline = Deadline::after(args.timeout);
    let mut running = match already(dir, args)? {
        Some(running) => running,
        None => start(dir, name, args)?,
    };
    if !args.wait_ready {
        println!(
            "started; `holdfast vm console` shows it, log in {}",
            running.vm().console_log().display()
        );
        return Ok(ExitCode::SUCCESS);
    }
    let console = running.vm().console_log();
    let ready = running.wait_ready(deadline, |line, event| {
        if let Some(text) = progress::line(line, event) {
            println!("{text}");
        }
    });
    let took = match ready {
        Ok(took) => took,
        Err(error) if error.is_timeout() => {
            eprintln!(
                "holdfast: {error}\nThe machine goes on; its console is in {}",
                console.display()
            );
            return Ok(ExitCode::from(TIMED_OUT));
        }
        Err(error) => {
            return Err(error).with_context(|| {
                format!("no Ready node; the console is in {}", console.display())
            });
        }
    };
    if args.wait_workloads && !reach::workloads(&running, deadline)? {
        return Ok(ExitCode::from(TIMED_OUT));
    }
    println!(
        "\nThe node is Ready, {:.0} s after this command saw it start.",
        took.as_secs_f64()
    );
    reach::explain(&running, name)?;
    Ok(ExitCode::SUCCESS)
}

/// The machine that runs already, unless a fresh one is wanted: then the old one ends.
fn already(dir: &Path, args: &Args) -> anyhow::Result<Option<Running>> {
    let Some(running) = Vm::open(dir)?.map(|vm| vm.running()).transpose()?.flatten() else {
        return Ok(None);
    };
    if args.fresh {
        running.quit()?;
        return Ok(None);
    }
    if args.config.is_some() {
        bail!(
            "the machine runs already, so --config cannot take effect; stop it first with `holdfast vm stop`"
        );
    }
    println!(
        "the machine runs already (process {})",
        running.process().pid()
    );
    Ok(Some(running))
}

fn start(dir: &Path, name: &str, args: &Args) -> anyhow::Result<Running> {
    let qemu = Qemu::find()?;
    let spec = spec(args);
    let kept = if args.fresh { None } else { Vm::open(dir)? };
    let new = kept.is_none();
    let vm = match kept {
        Some(mut vm) => {
            vm.change(|old| {
                *old = Spec {
                    disk_gib: old.disk_gib,
                    ..spec
                }
            })?;
            vm
        }
        None => {
            let image = image::find(args.image.as_deref(), &args.board)?;
            println!(
                "making a machine in {} from {}",
                dir.display(),
                image.display()
            );
            Vm::create_with_copy(dir, &image, spec, &qemu)?
        }
    };
    if new || args.config.is_some() {
        place_config(&vm, args.config.as_deref())?;
    }
    let running = vm.start(&format!("holdfast-{name}"), &qemu)?;
    let accel = match qemu.accel {
        machine::Accel::Kvm => "with KVM",
        machine::Accel::Tcg => {
            "under emulation: this host offers no KVM, so everything takes many times longer"
        }
    };
    println!("QEMU runs (process {}), {accel}", running.process().pid());
    Ok(running)
}

/// The hardware that the arguments describe.
fn spec(args: &Args) -> Spec {
    Spec {
        cpus: args.cpus,
        memory_mib: args.memory,
        disk_gib: args.disk,
        network: match (args.no_network, args.offline) {
            (true, _) => Network::Absent,
            (false, true) => Network::Offline,
            (false, false) => Network::Online,
        },
        clock: args.clock.clone().map_or(Clock::Host, Clock::At),
        cache: Cache::Writeback,
    }
}

/// Puts the user's file, or the sample that the image carries, onto CONFIG with the machine's key in it.
fn place_config(vm: &Vm, file: Option<&Path>) -> anyhow::Result<()> {
    let text = match file {
        Some(file) => fs::read_to_string(file)
            .with_context(|| format!("cannot read the configuration {}", file.display()))?,
        None => vm.config()?,
    };
    vm.place_config(&with_ssh_key(&text, &vm.ssh_key()?)?)?;
    Ok(())
}
