//! `holdfast vm stop`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use machine::{Deadline, Vm};

use super::exit_code::TIMED_OUT;
use crate::duration;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// How long the machine may take to shut down before its power is cut
    #[arg(long, default_value = "2m", value_parser = duration::parse)]
    timeout: Duration,
}

pub(super) fn run(dir: &Path, args: &Args) -> anyhow::Result<ExitCode> {
    let Some(running) = Vm::open(dir)?.map(|vm| vm.running()).transpose()?.flatten() else {
        crate::out::say!("the machine does not run");
        return Ok(ExitCode::SUCCESS);
    };
    if running.power_down(Deadline::after(args.timeout))? {
        crate::out::say!(
            "the machine has shut down; its disk stays in {}",
            dir.display()
        );
        return Ok(ExitCode::SUCCESS);
    }
    let vm = running.quit()?;
    crate::out::tell!(
        "holdfast: the machine did not shut down within {} s, so its power was cut; the end of its console is in {}",
        args.timeout.as_secs(),
        vm.console_log().display()
    );
    Ok(ExitCode::from(TIMED_OUT))
}
