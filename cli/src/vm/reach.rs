//! Ways into a running machine.

use std::io::IsTerminal;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::Context;
use machine::{Deadline, Event, Running, Vm, name_flag};

use super::exit_code::NOT_RUNNING;
use super::running::running;

/// `holdfast vm status`.
pub(super) fn status(dir: &Path) -> anyhow::Result<ExitCode> {
    let flag = name_flag(dir);
    let Some(vm) = Vm::open(dir)? else {
        crate::out::say!(
            "there is no machine in {}; make one with `holdfast vm{flag} up`",
            dir.display()
        );
        return Ok(ExitCode::from(NOT_RUNNING));
    };
    let Some(mut running) = vm.running()? else {
        crate::out::say!(
            "off; its disk is in {}; start it with `holdfast vm{flag} up`",
            dir.display()
        );
        return Ok(ExitCode::from(NOT_RUNNING));
    };
    crate::out::say!("on, QEMU is process {}", running.process().pid());
    // What the console said so far; the deadline has passed already, so nothing is waited for.
    let mut last = None;
    let mut ready = false;
    let _ = running.wait_for("the present", Deadline::secs(0), |line| {
        ready |= matches!(line.event(), Some(Event::Ready { .. }));
        last = line.event().map(|_| line.text.clone()).or(last.take());
        None::<()>
    });
    crate::out::say!(
        "node {}",
        if ready {
            "Ready (its console shows it)"
        } else {
            "not Ready yet"
        }
    );
    if let Some(last) = last {
        crate::out::say!("console: {last}");
    }
    explain(&running)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints commands to copy.
pub(super) fn explain(running: &Running) -> anyhow::Result<()> {
    let flag = name_flag(running.vm().dir());
    crate::out::say!(
        "  holdfast vm{flag} console       # Ctrl-] leaves; its log is {}",
        running.vm().console_log().display()
    );
    if let Ok(ssh) = running.ssh() {
        crate::out::say!("  holdfast vm{flag} kubectl -- get pods -A");
        crate::out::say!("  holdfast vm{flag} ssh           # or: {}", ssh.shown());
        crate::out::say!(
            "  API on 127.0.0.1:{}, kubeconfig in {}",
            running.ports().api,
            running.vm().dir().join("kubeconfig").display()
        );
    }
    crate::out::say!("  holdfast vm{flag} stop");
    Ok(())
}

/// How long a cluster gets to show its first Deployment; one whose configuration wants none has none.
const FIRST_DEPLOYMENT: Duration = Duration::from_secs(60);
/// Between two questions: neither ssh nor the API tells when it becomes ready to answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Fetches the kubeconfig, if the machine has a network; `false` when the deadline came first.
pub(super) fn kubeconfig(running: &Running, deadline: Deadline) -> anyhow::Result<bool> {
    if running.ssh().is_err() {
        return Ok(true);
    }
    loop {
        match running.kubectl() {
            Ok(_) => return Ok(true),
            Err(error) if deadline.passed() => {
                crate::out::tell!("holdfast: no kubeconfig yet: {error}");
                return Ok(false);
            }
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

/// Waits until every Deployment is available, those too that come while it waits; `false` when the deadline came first. A
/// busy node's API does not answer every question in time: one that fails is asked again.
pub(super) fn workloads(running: &Running, deadline: Deadline) -> anyhow::Result<bool> {
    let kubectl = running.kubectl()?;
    let mut progress = Progress::new(FIRST_DEPLOYMENT.min(deadline.left()));
    loop {
        let asked = match progress.question(deadline) {
            Question::List => kubectl.try_run(&LIST)?,
            Question::Wait(timeout) => {
                let output = kubectl.try_run(&[&WAIT[..], &[&timeout]].concat())?;
                crate::out::print(String::from_utf8_lossy(&output.stdout))?;
                output
            }
        };
        match progress.answered(asked.status.success(), &asked.stdout) {
            Next::Done => return Ok(true),
            Next::Ask => {}
            Next::AskLater if deadline.passed() => {
                crate::out::tell_text(String::from_utf8_lossy(&asked.stderr));
                return Ok(false);
            }
            Next::AskLater => std::thread::sleep(PAUSE),
        }
    }
}

const LIST: [&str; 5] = ["get", "deployments", "--all-namespaces", "-o", "name"];
const WAIT: [&str; 5] = [
    "wait",
    "--for=condition=Available",
    "deployments",
    "--all",
    "--all-namespaces",
];

/// How far the waiting for Deployments is.
struct Progress {
    /// Until then a cluster without any may still get its first.
    first: Deadline,
    /// Those that are available.
    available: Option<Vec<u8>>,
    /// Those that are waited for.
    listed: Option<Vec<u8>>,
}

/// What to ask next.
#[derive(Debug, PartialEq, Eq)]
enum Question {
    List,
    /// With this argument.
    Wait(String),
}

/// What to do after an answer.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Done,
    Ask,
    AskLater,
}

impl Progress {
    fn new(first: Duration) -> Self {
        Self {
            first: Deadline::after(first),
            available: None,
            listed: None,
        }
    }

    fn question(&self, deadline: Deadline) -> Question {
        match self.listed {
            Some(_) => Question::Wait(format!("--timeout={}s", deadline.left().as_secs().max(1))),
            None => Question::List,
        }
    }

    /// Takes in an answer to the last question.
    fn answered(&mut self, good: bool, text: &[u8]) -> Next {
        match (self.listed.take(), good) {
            // What became available is compared with what is there afterwards.
            (Some(waited_for), true) => {
                self.available = Some(waited_for);
                Next::Ask
            }
            (Some(_) | None, false) => Next::AskLater,
            (None, true) if text.is_empty() => {
                if self.first.passed() {
                    Next::Done
                } else {
                    Next::AskLater
                }
            }
            (None, true) if self.available.as_deref() == Some(text) => Next::Done,
            (None, true) => {
                self.listed = Some(text.to_owned());
                Next::Ask
            }
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
        crate::out::say!("attached to the serial console; Ctrl-] leaves\r");
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Each answer with what follows it.
    fn follow(first: Duration, answers: &[(bool, &str, Next)]) {
        let mut progress = Progress::new(first);
        for (number, (good, text, next)) in answers.iter().enumerate() {
            assert_eq!(
                progress.answered(*good, text.as_bytes()),
                *next,
                "answer {number}"
            );
        }
    }

    #[test]
    fn what_is_listed_is_waited_for_until_nothing_is_new() {
        follow(
            Duration::from_secs(60),
            &[
                (true, "", Next::AskLater),
                (true, "dns\n", Next::Ask),
                (true, "available", Next::Ask),
                (true, "dns\nmetrics\n", Next::Ask),
                (true, "available", Next::Ask),
                (true, "dns\nmetrics\n", Next::Done),
            ],
        );
    }

    #[test]
    fn a_question_that_a_busy_api_does_not_answer_is_asked_again() {
        follow(
            Duration::from_secs(60),
            &[
                (false, "TLS handshake timeout", Next::AskLater),
                (true, "dns\n", Next::Ask),
                (false, "TLS handshake timeout", Next::AskLater),
                (true, "dns\n", Next::Ask),
                (true, "available", Next::Ask),
                (true, "dns\n", Next::Done),
            ],
        );
    }

    #[test]
    fn a_cluster_may_have_no_deployments() {
        follow(Duration::ZERO, &[(true, "", Next::Done)]);
    }

    #[test]
    fn a_wait_ends_with_the_deadline() {
        let mut progress = Progress::new(Duration::ZERO);
        let deadline = Deadline::secs(90);
        assert_eq!(progress.question(deadline), Question::List);
        assert_eq!(progress.answered(true, b"dns\n"), Next::Ask);
        let Question::Wait(argument) = progress.question(deadline) else {
            panic!("it is waited for");
        };
        assert!(argument == "--timeout=89s" || argument == "--timeout=90s");
    }
}
