//! `holdfast reboot`, `holdfast poweroff`.

mod drain;

use crate::client::connect;
use init_api::Request;
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Pods end first: their hooks run, and each has its own grace, all together as long as kubernetes.shutdown_seconds allows. Then services end, and what was written is brought to the disks."
)]
pub(crate) struct Args {
    /// Move pods away by the API first, as `kubectl drain` does, and stay up, with a node that takes pods, if that cannot be done within five minutes or is interrupted; the node takes pods again after its next boot
    #[arg(long)]
    drain: bool,
}

pub(crate) fn reboot(args: &Args) -> anyhow::Result<ExitCode> {
    end(
        args,
        &Request::Reboot,
        "restarting, as soon as pods have ended",
    )
}

pub(crate) fn poweroff(args: &Args) -> anyhow::Result<ExitCode> {
    end(
        args,
        &Request::PowerOff,
        "shutting down, as soon as pods have ended",
    )
}

fn end(args: &Args, request: &Request, done: &str) -> anyhow::Result<ExitCode> {
    let mut client = connect()?;
    if args.drain {
        let drained = drain::drain(&client.status()?)?;
        // PID 1 does not wait for ever for the next question.
        drained.then(|| {
            connect()?.ask(request)?;
            Ok(())
        })?;
    } else {
        client.ask(request)?;
    }
    crate::out::say!("{done}");
    Ok(ExitCode::SUCCESS)
}
