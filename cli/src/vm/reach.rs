//! Ways into a running machine.

use std::io::IsTerminal;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::Context;
use machine::{Deadline, Event, Running, Vm, name_flag};

use super::{NOT_RUNNING, running};

/// `holdfast vm status`.
pub(super) fn status(dir: &Path) -> anyhow::Result<ExitCode> {
    let flag = name_flag(dir);
    let Some(vm) = Vm::open(dir)? else {
        println!(
            "there is no machine in {}; make one with `holdfast vm{flag} up`",
            dir.display()
        );
        return Ok(ExitCode::from(NOT_RUNNING));
    };
    let Some(mut running) = vm.running()? else {
        println!(
            "off; its disk is in {}; start it with `holdfast vm{flag} up`",
            dir.display()
        );
        return Ok(ExitCode::from(NOT_RUNNING));
    };
    println!("on, QEMU is process {}", running.process().pid());
    // What the console said so far; the deadline has passed already, so nothing is waited for.
    let mut last = None;
    let mut ready = false;
    let _ = running.wait_for("the present", Deadline::secs(0), |line| {
        ready |= matches!(line.event(), Some(Event::Ready { .. }));
        last = line.event().map(|_| line.text.clone()).or(last.take());
        None::<()>
    });
    println!(
        "node {}",
        if ready {
            "Ready (said its console)"
        } else {
            "not Ready yet"
        }
    );
    if let Some(last) = last {
        println!("console: {last}");
    }
    explain(&running)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints commands to copy.
pub(super) fn explain(running: &Running) -> anyhow::Result<()> {
    let flag = name_flag(running.vm().dir());
    println!(
        "  holdfast vm{flag} console       # Ctrl-] leaves; log in {}",
        running.vm().console_log().display()
    );
    if let Ok(ssh) = running.ssh() {
        println!("  holdfast vm{flag} kubectl -- get pods -A");
        println!("  holdfast vm{flag} ssh           # or: {}", ssh.shown());
        println!(
            "  API on 127.0.0.1:{}, kubeconfig in {}",
            running.ports().api,
            running.vm().dir().join("kubeconfig").display()
        );
    }
    println!("  holdfast vm{flag} stop");
    Ok(())
}

/// How long a cluster gets to show its first Deployment; one whose configuration wants none has none.
const FIRST_DEPLOYMENT: Duration = Duration::from_secs(60);

/// Waits until every Deployment is available, those too that come while it waits; `false` when the deadline came first.
pub(super) fn workloads(running: &Running, deadline: Deadline) -> anyhow::Result<bool> {
    let kubectl = running.kubectl()?;
    let first = Deadline::after(FIRST_DEPLOYMENT.min(deadline.left()));
    let mut seen = String::new();
    loop {
        let there = kubectl.run(&["get", "deployments", "--all-namespaces", "-o", "name"])?;
        if there == seen && (!there.is_empty() || first.passed()) {
            return Ok(true);
        }
        if there.is_empty() {
            // The API tells of what is new only to those who watch it: this asks once a second.
            std::thread::sleep(Duration::from_secs(1));
            continue;
        }
        seen = there;
        let timeout = format!("--timeout={}s", deadline.left().as_secs().max(1));
        let arguments = [
            "wait",
            "--for=condition=Available",
            "deployments",
            "--all",
            "--all-namespaces",
            &timeout,
        ];
        let output = kubectl.try_run(&arguments)?;
        print!("{}", String::from_utf8_lossy(&output.stdout));
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        if !output.status.success() {
            return Ok(false);
        }
    }
}

/// `holdfast vm kubectl`.
pub(super) fn kubectl(dir: &Path, arguments: &[String]) -> anyhow::Result<ExitCode> {
    let kubectl = running(dir)?
        .kubectl()
        .context("cannot get a kubeconfig from the machine")?;
    pass_on(kubectl.command().args(arguments))
}

/// `holdfast vm ssh`.
pub(super) fn ssh(dir: &Path, command: &[String]) -> anyhow::Result<ExitCode> {
    let ssh = running(dir)?.ssh()?;
    let mut program = ssh.command();
    if !command.is_empty() {
        program.arg("--").args(command);
    }
    pass_on(&mut program)
}

/// `holdfast vm console`.
pub(super) fn console(dir: &Path) -> anyhow::Result<ExitCode> {
    let mut running = running(dir)?;
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        println!("attached to the serial console; Ctrl-] leaves\r");
        machine::attach(&running)?;
    } else {
        machine::follow(&mut running)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs a program on this terminal and returns its exit code.
fn pass_on(command: &mut Command) -> anyhow::Result<ExitCode> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("cannot run {program}"))?;
    // A program that a signal ended has no code; 1 says failed.
    Ok(status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .map_or(ExitCode::FAILURE, ExitCode::from))
}
