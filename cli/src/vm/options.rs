//! What `holdfast vm up` is asked for.

use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::DateTime;
use machine::{Cache, Clock, Network, Spec};

use super::board::Shape;
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
    pub(super) wait_ready: bool,
    /// After that, wait until every Deployment of the cluster is available
    #[arg(long, requires = "wait_ready", conflicts_with = "no_network")]
    pub(super) wait_workloads: bool,
    /// How long to wait
    #[arg(long, default_value = "20m", value_parser = duration::parse)]
    pub(super) timeout: Duration,
    /// Memory in MiB [default: the board's, 2048]
    #[arg(long, value_parser = clap::value_parser!(u32).range(512..))]
    pub(super) memory: Option<u32>,
    /// Processors [default: the board's, 2]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(super) cpus: Option<u32>,
    /// Size of the disk in GiB, when it is made
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(3..))]
    pub(super) disk: u32,
    /// Throw the machine's disk away first
    #[arg(long)]
    pub(super) fresh: bool,
    /// Leave the machine without a way to the outside; ssh and API still lead in
    #[arg(long, conflicts_with = "no_network")]
    pub(super) offline: bool,
    /// Leave out the network card altogether
    #[arg(long)]
    pub(super) no_network: bool,
    /// Where the hardware clock starts, like 1970-01-01T00:00:00; the host's time unless given
    #[arg(long, value_name = "UTC", value_parser = clock)]
    pub(super) clock: Option<String>,
}

/// A moment as QEMU reads it, told before an image is copied rather than when the machine is switched on.
fn clock(text: &str) -> Result<String, String> {
    let moment: DateTime = text
        .parse()
        .ok()
        // Before it, the clocks of PCs have no time that Linux takes.
        .filter(|moment: &DateTime| moment.year() >= 1970)
        .ok_or("write a moment in UTC like 2030-12-31T23:59:00, from 1970 on, without a zone")?;
    Ok(moment.strftime("%Y-%m-%dT%H:%M:%S").to_string())
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

#[cfg(test)]
mod tests {
    use super::clock;

    #[test]
    fn a_clock_that_is_none_is_refused_at_once() {
        for (text, qemus) in [
            ("1970-01-01T00:00:00", Some("1970-01-01T00:00:00")),
            ("2099-12-31 23:59:00", Some("2099-12-31T23:59:00")),
            ("2030-12-31", Some("2030-12-31T00:00:00")),
            ("1969-12-31T23:59:59", None),
            ("2030-02-30T00:00:00", None),
            ("2030-12-31T23:59:00Z", None),
            ("tomorrow", None),
            ("", None),
        ] {
            assert_eq!(clock(text).ok().as_deref(), qemus, "{text}");
        }
    }
}
