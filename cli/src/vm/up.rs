//! `holdfast vm up`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use machine::{Deadline, name_flag};

use super::exit_code::TIMED_OUT;
use super::options::Args;
use super::{bring, progress, reach};

pub(super) fn run(dir: &Path, name: &str, args: &Args) -> anyhow::Result<ExitCode> {
    let deadline = Deadline::after(args.timeout);
    let bring::Up {
        mut running,
        started,
    } = bring::up(dir, name, args)?;
    if !args.wait_ready {
        crate::out::say!(
            "it is on; `holdfast vm{} console` shows it; its log is {}",
            name_flag(dir),
            running.vm().console_log().display()
        );
        return Ok(ExitCode::SUCCESS);
    }
    let console = running.vm().console_log();
    let ready = running.wait_ready(deadline, |line, event| {
        if let Some(text) = progress::line(line, event) {
            crate::out::say!("{text}");
        }
    });
    let took = match ready {
        Ok(took) => took,
        Err(error) if error.is_timeout() => {
            crate::out::tell!(
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
        crate::out::say!(
            "\nThe node is Ready, {:.0} s after this command saw it start.",
            took.as_secs_f64()
        );
    } else {
        crate::out::say!("\nThe node is Ready.");
    }
    reach::explain(&running)?;
    Ok(ExitCode::SUCCESS)
}
