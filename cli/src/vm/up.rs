//! `holdfast vm up`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use machine::{Cache, Clock, Deadline, Network, Spec, name_flag};

use super::board::Shape;
use super::{TIMED_OUT, bring, progress, reach};
use crate::duration;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The board whose image is booted, on hardware like the board's: a file of board-support/boards
    /// [default: qemu-x86_64; a kept machine stays what it is]
    #[arg(long)]
    pub(super) board: Option<String>,
    /// The image that a disk is made from; the newest one of the board in build/out unless given
    #[arg(long, value_name = "PATH")]
    pub(super) image: Option<PathBuf>,
    /// A config.yaml to put on the CONFIG partition, of a kept disk too; the machine's own ssh key is added to it. A
    /// machine that runs must have been started with the same one
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Like --config, for a disk that is made now; a kept disk keeps the config.yaml that it has
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    pub(super) first_config: Option<PathBuf>,
    /// Wait until the node is Ready
    #[arg(long)]
    wait_ready: bool,
    /// After that, wait until every Deployment of the cluster is available
    #[arg(long, requires = "wait_ready", conflicts_with = "no_network")]
    wait_workloads: bool,
    /// How long to wait
    #[arg(long, default_value = "20m", value_parser = duration::parse)]
    timeout: Duration,
    /// Memory in MiB [default: the board's, 2048]
    #[arg(long, value_parser = clap::value_parser!(u32).range(512..))]
    memory: Option<u32>,
    /// Processors [default: the board's, 2]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=64))]
    cpus: Option<u32>,
    /// Size of the disk in GiB, when it is made
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(3..))]
    disk: u32,
    /// Throw the machine's disk away first
    #[arg(long)]
    pub(super) fresh: bool,
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
    let bring::Up {
        mut running,
        started,
    } = bring::up(dir, name, args)?;
    if !args.wait_ready {
        println!(
            "it is on; `holdfast vm{} console` shows it, log in {}",
            name_flag(dir),
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
    // Printed below: it must be there, and lead to an API that answers.
    if !reach::kubeconfig(&running, deadline)? {
        return Ok(ExitCode::from(TIMED_OUT));
    }
    if args.wait_workloads && !reach::workloads(&running, deadline)? {
        return Ok(ExitCode::from(TIMED_OUT));
    }
    if started {
        println!(
            "\nThe node is Ready, {:.0} s after this command saw it start.",
            took.as_secs_f64()
        );
    } else {
        println!("\nThe node is Ready.");
    }
    reach::explain(&running)?;
    Ok(ExitCode::SUCCESS)
}

/// The hardware that the arguments describe, on a board of that shape.
pub(super) fn spec(args: &Args, shape: &Shape) -> Spec {
    Spec {
        cpus: args.cpus.unwrap_or(shape.cpus),
        memory_mib: args.memory.unwrap_or(shape.memory_mib),
        disk_gib: args.disk,
        network: match (args.no_network, args.offline) {
            (true, _) => Network::Absent,
            (false, true) => Network::Offline,
            (false, false) => Network::Online,
        },
        clock: args.clock.clone().map_or(Clock::Host, Clock::At),
        cache: Cache::Writeback,
        hardware: shape.hardware,
        ..Spec::default()
    }
}
