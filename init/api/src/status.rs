//! What PID 1 knows about itself and its services.

use crate::{
    BootRecord, InstallState, Kind, LastBoot, Millis, NodeState, Phase, Problem, ServiceName,
};
use serde::{Deserialize, Serialize};

/// The answer to [`crate::Request::Status`]. Points in time are since the kernel's start (`CLOCK_BOOTTIME`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// What PID 1 is doing.
    pub mode: Mode,
    /// The running release's version.
    pub version: String,
    /// The kernel's release, as `uname -r` says.
    pub kernel: String,
    /// The machine's name now.
    pub hostname: String,
    /// Time since the kernel's start.
    pub uptime_ms: Millis,
    /// What the initramfs stage left; none if its record is missing.
    pub boot: Option<BootRecord>,
    /// Phases of both stages, in order.
    pub phases: Vec<Phase>,
    /// Services, in the order in which they start.
    pub services: Vec<ServiceStatus>,
    /// The last run of `holdfast node configure`.
    pub configuration: Configuration,
    /// Why the node is in maintenance mode.
    pub problem: Option<Problem>,
    /// What the keeper last said about the node.
    pub node: Option<NodeState>,
    /// How an installation stands; none on a node.
    #[serde(default)]
    pub install: Option<InstallState>,
    /// When the machine goes back to what ran before, unless this boot is confirmed; none when it is not on trial.
    #[serde(default)]
    pub trial_until_ms: Option<Millis>,
    /// How the boot before this one ended; none where that was not found out.
    #[serde(default)]
    pub last_boot: Option<LastBoot>,
    /// Things that are not right and do not stop the node, each one line: a clock far ahead, no watchdog.
    pub notes: Vec<String>,
}

/// What PID 1 is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// On the way up.
    Booting,
    /// Services run as configured.
    Running,
    /// Something must be mended; network and ssh run where they can.
    Maintenance,
    /// On the way down.
    ShuttingDown,
}

/// A run of `holdfast node configure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Counts the runs of this boot, from 1; 0 before the first.
    pub generation: u64,
    /// How that run stands.
    pub state: ConfigurationState,
}

/// How a run of `holdfast node configure` stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigurationState {
    /// It runs, or is about to.
    Running,
    /// It ended well and its services are in force.
    Applied,
    /// It failed; see the status's problem.
    Failed,
}

/// One service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceStatus {
    /// Its name.
    pub name: ServiceName,
    /// What it is meant to do.
    pub kind: Kind,
    /// How it stands.
    pub state: ServiceState,
    /// Its main process, while there is one.
    pub pid: Option<u32>,
    /// How often it was started again since it was first started.
    pub restarts: u32,
    /// How it ended last; none when that was a restart that somebody asked for.
    pub last_exit: Option<Exit>,
    /// When it came into this state.
    pub since_ms: Millis,
    /// The services that it still waits for.
    pub waiting_for: Vec<ServiceName>,
    /// The last lines of its output, while it keeps failing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub last_output: Vec<String>,
}

/// How a service stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceState {
    /// It waits for the services that it comes after.
    Waiting,
    /// Its process runs and is not ready yet.
    Starting,
    /// Its process runs and is ready.
    Ready,
    /// A one-shot that did its work.
    Completed,
    /// It ended and is started again after a pause.
    Pausing,
    /// It was told to end.
    Stopping,
    /// It was stopped by request.
    Stopped,
    /// It ended and is not started again.
    Failed,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// It never started: the program could not be run, with this errno.
    NotStarted(i32),
}

/// A service that ended badly and runs again is in doubt for this long.
const DOUBT: Millis = Millis::seconds(60);

impl Status {
    /// That this boot is on trial, and how long still; none when it is not.
    pub fn trial(&self) -> Option<String> {
        let left = self.trial_until_ms?.since(self.uptime_ms);
        let minutes = left.0.div_ceil(60_000);
        Some(format!(
            "this version is on trial: the machine goes back to the one before unless it is confirmed within {minutes} min"
        ))
    }

    /// The services that keep failing, a line each: which, how it ended, and where to look.
    pub fn failing(&self) -> Vec<String> {
        self.failing_services()
            .map(ServiceStatus::failure)
            .collect()
    }

    /// The services that keep failing.
    pub fn failing_services(&self) -> impl Iterator<Item = &ServiceStatus> {
        let now = self.uptime_ms;
        self.services
            .iter()
            .filter(move |service| service.is_failing(now))
    }
}

impl ServiceStatus {
    /// Which, and how it ended.
    fn ended(&self) -> String {
        let how = self
            .last_exit
            .map_or_else(String::new, |exit| format!(" ({exit})"));
        format!("service {}{how}", self.name)
    }

    /// Which, how it ended, and where to look, on one line.
    pub fn failure(&self) -> String {
        format!("{}: see `holdfast logs {}`", self.ended(), self.name)
    }

    /// As [`ServiceStatus::failure`], for whoever reads it when the trial is over and its log is put aside.
    pub fn failure_in_trial(&self) -> String {
        format!(
            "{}: see `holdfast logs --trial {}`",
            self.ended(),
            self.name
        )
    }

    /// Whether it failed for good, waits for its next start after a bad end, or ended badly so lately that its new start
    /// proves nothing yet: a service that crashes in a loop is failing all the while.
    pub fn is_failing(&self, now: Millis) -> bool {
        let ended_badly = self.last_exit.is_some_and(|exit| !exit.is_success());
        match self.state {
            ServiceState::Failed => true,
            ServiceState::Pausing => ended_badly,
            ServiceState::Starting | ServiceState::Ready => {
                ended_badly && now.since(self.since_ms) < DOUBT
            }
            ServiceState::Waiting
            | ServiceState::Completed
            | ServiceState::Stopping
            | ServiceState::Stopped => false,
        }
    }
}

impl Exit {
    /// Whether this is exit code 0.
    pub fn is_success(self) -> bool {
        self == Self::Code(0)
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::NotStarted(errno) => {
                write!(
                    f,
                    "could not start: {}",
                    std::io::Error::from_raw_os_error(*errno)
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Exit, ServiceState, ServiceStatus};
    use crate::{Kind, Millis, ServiceName};

    #[test]
    fn a_service_in_a_crash_loop_is_failing_at_every_moment_of_it() {
        use ServiceState::{Completed, Failed, Pausing, Ready, Starting, Stopped, Waiting};
        let (bad, good) = (Some(Exit::Code(1)), Some(Exit::Code(0)));
        for (case, state, last_exit, seconds, expected) in [
            ("before its first end", Ready, None, 1, false),
            ("in the pause", Pausing, Some(Exit::Signal(9)), 1, true),
            ("just started again", Starting, bad, 1, true),
            ("started again and ready", Ready, bad, 59, true),
            ("runs for a minute", Ready, bad, 60, false),
            ("ended well, as a login does", Pausing, good, 1, false),
            ("restarted by a person", Ready, None, 1, false),
            ("given up", Failed, bad, 9999, true),
            ("waits for others", Waiting, bad, 1, false),
            ("did its work at last", Completed, good, 1, false),
            ("stopped by a person", Stopped, bad, 1, false),
        ] {
            let service = ServiceStatus {
                name: ServiceName::new("control-plane").expect("name"),
                kind: Kind::Daemon,
                state,
                pid: None,
                restarts: 1,
                last_exit,
                since_ms: Millis::seconds(100),
                waiting_for: Vec::new(),
                last_output: Vec::new(),
            };
            let now = Millis::seconds(100 + seconds);
            assert_eq!(service.is_failing(now), expected, "{case}");
        }
    }
}
