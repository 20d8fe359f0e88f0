//! Runs of `holdfast node configure`: one at a time, each with a number, each ending in time.

use init_api::{
    Calls, Configuration, ConfigurationState, Confinement, Millis, Problem, Service, ServiceName,
};
use std::path::Path;

/// A configuration that takes longer hangs.
const LIMIT: Millis = Millis::seconds(120);
/// One that was killed and is still not gone this long after the limit hangs in the kernel, and is not waited for.
const GONE: Millis = Millis::seconds(10);
/// The first pause before a failed configuration is tried again; doubled each time up to the longest. What failed may
/// have been a network that was not there.
const FIRST_RETRY: Millis = Millis::seconds(30);
const LONGEST_RETRY: Millis = Millis::seconds(600);

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// With exit code 0.
    Good,
    /// Otherwise.
    Bad,
    /// Not in time.
    Late,
}

/// What is to be done about the runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing.
    None,
    /// Start a run.
    Start,
    /// Stop the run: it took too long.
    Stop,
    /// Go on without the run: not even killing it ends it.
    GiveUp,
}

/// The runs of this boot. Points in time are since the kernel's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Runs {
    generation: u64,
    began: Option<Millis>,
    stopped: bool,
    wanted: bool,
    failures: u32,
    retry_at: Option<Millis>,
    last: Option<Outcome>,
}

impl Runs {
    /// Asks for a run; gives the number of the run that takes in everything said until now.
    pub(super) fn want(&mut self) -> u64 {
        self.wanted = true;
        self.generation + 1
    }

    /// What is due.
    pub(super) fn step(&mut self, now: Millis) -> Step {
        match self.began {
            Some(began) if !self.stopped && now.since(began) >= LIMIT => {
                self.stopped = true;
                Step::Stop
            }
            Some(began) if self.stopped && now.since(began) >= LIMIT.plus(GONE) => Step::GiveUp,
            Some(_) => Step::None,
            None if self.wanted || self.retry_at.is_some_and(|at| now >= at) => {
                *self = Self {
                    generation: self.generation + 1,
                    began: Some(now),
                    stopped: false,
                    wanted: false,
                    retry_at: None,
                    ..*self
                };
                Step::Start
            }
            None => Step::None,
        }
    }

    /// Takes note of the end of the run, if one was under way.
    pub(super) fn end(&mut self, good: bool, now: Millis) -> Option<Outcome> {
        self.began.take()?;
        let outcome = match (good, self.stopped) {
            (true, _) => Outcome::Good,
            (false, false) => Outcome::Bad,
            (false, true) => Outcome::Late,
        };
        if outcome == Outcome::Good {
            self.failures = 0;
        } else {
            let factor = 1_u64.checked_shl(self.failures).unwrap_or(u64::MAX);
            let pause = Millis(FIRST_RETRY.0.saturating_mul(factor).min(LONGEST_RETRY.0));
            self.retry_at = Some(now.plus(pause));
            self.failures = self.failures.saturating_add(1);
        }
        self.last = Some(outcome);
        Some(outcome)
    }

    /// When [`Runs::step`] is wanted at the latest.
    pub(super) fn deadline(&self) -> Option<Millis> {
        match self.began {
            Some(began) if self.stopped => Some(began.plus(LIMIT).plus(GONE)),
            Some(began) => Some(began.plus(LIMIT)),
            None => self.retry_at,
        }
    }

    /// For the status.
    pub(super) fn status(&self) -> Configuration {
        let state = match (self.began, self.wanted, self.last) {
            (Some(_), _, _) | (None, true, _) | (None, false, None) => ConfigurationState::Running,
            (None, false, Some(Outcome::Good)) => ConfigurationState::Applied,
            (None, false, Some(Outcome::Bad | Outcome::Late)) => ConfigurationState::Failed,
        };
        Configuration {
            generation: self.generation,
            state,
        }
    }
}

/// The name of the run among the services, and of its log.
pub(super) fn name() -> ServiceName {
    ServiceName::new("configure").expect("a valid name")
}

/// The run of `program`, `holdfast`, as a service.
pub(super) fn service(program: &Path) -> Service {
    Service {
        restart: init_api::Restart::never(),
        stop_timeout_ms: Millis::seconds(2),
        in_maintenance: true,
        ..Service::one_shot(name(), [&program.to_string_lossy(), "node", "configure"])
    }
    .confined(limits())
}

/// It reads whatever a partition, a stick, a server and the kernel's command line say, and then runs the operator's commands
/// (`init_commands`), which may need nearly all.
fn limits() -> Confinement {
    let commands = "commands of the configuration (`init_commands`) run in it";
    let left = [
        "chown",
        "dac_override",
        "dac_read_search",
        "fowner",
        "fsetid",
        "kill",
        "setgid",
        "setuid",
        "setpcap",
        "linux_immutable",
        "net_bind_service",
        "net_admin",
        "net_raw",
        "sys_module",
        "sys_rawio",
        "sys_chroot",
        "sys_ptrace",
        "sys_admin",
        "sys_nice",
        "sys_resource",
        "sys_time",
        "sys_tty_config",
        "mknod",
        "setfcap",
        "syslog",
    ];
    let calls = [
        Calls::Clock,
        Calls::Modules,
        Calls::Mounts,
        Calls::Namespaces,
        Calls::Machine,
        Calls::Rare,
    ];
    Confinement::strict()
        .may(&left, commands)
        .calls(&calls, commands)
        .shares_files("it writes wherever `write_files` says, and mounts partitions and sticks")
}

/// What is wrong when the run itself left no word about it.
pub(super) fn unexplained(outcome: Outcome) -> Problem {
    let text = match outcome {
        Outcome::Late => format!(
            "`holdfast node configure` did not end within {} s.",
            LIMIT.0 / 1000
        ),
        Outcome::Good => {
            "`holdfast node configure` ended well and left services that cannot be run.".to_owned()
        }
        Outcome::Bad => "`holdfast node configure` ended without saying why.".to_owned(),
    };
    Problem::new(
        "The configuration could not be applied",
        text,
        "See `holdfast logs configure`. Mend config.yaml and run `holdfast config apply`, or reboot.",
    )
}

#[cfg(test)]
mod tests {
    use super::{Outcome, Runs, Step, service};
    use init_api::{Calls, Capability, ConfigurationState, Millis};
    use std::path::Path;

    /// What is taken from it is taken from all that it starts, and no setuid program brings it back.
    #[test]
    fn what_reads_the_configuration_lacks_what_no_command_of_it_needs() {
        let service = service(Path::new("/usr/bin/holdfast"));
        let given = service.rights.confinement().expect("limits");
        assert_eq!(given.gains_rights, None);
        let refused = [Calls::Ports, Calls::Debug, Calls::Programs, Calls::Sockets];
        assert_eq!(given.refused(), refused);
        let all = Capability::in_mask(u64::MAX);
        let taken = all
            .into_iter()
            .filter(|capability| !given.capabilities.contains_key(capability));
        let taken: Vec<String> = taken.map(|capability| capability.to_string()).collect();
        assert_eq!(
            taken,
            [
                "net_broadcast",
                "ipc_lock",
                "ipc_owner",
                "sys_pacct",
                "sys_boot",
                "lease",
                "audit_write",
                "audit_control",
                "mac_override",
                "mac_admin",
                "wake_alarm",
                "block_suspend",
                "audit_read",
                "perfmon",
                "bpf",
                "checkpoint_restore",
            ]
        );
    }

    #[test]
    fn runs_follow_each_other() {
        let mut runs = Runs::default();
        assert_eq!(runs.step(Millis(0)), Step::None);
        assert_eq!(runs.want(), 1);
        assert_eq!(runs.step(Millis(0)), Step::Start);
        assert_eq!(runs.status().state, ConfigurationState::Running);
        assert_eq!(
            runs.want(),
            2,
            "the run under way may have read the old file"
        );
        assert_eq!(runs.step(Millis(1)), Step::None, "one at a time");
        assert_eq!(runs.end(true, Millis(2)), Some(Outcome::Good));
        assert_eq!(
            runs.status().state,
            ConfigurationState::Running,
            "another one is wanted"
        );
        assert_eq!(runs.step(Millis(3)), Step::Start);
        assert_eq!(runs.end(true, Millis(4)), Some(Outcome::Good));
        assert_eq!(
            (runs.status().generation, runs.status().state),
            (2, ConfigurationState::Applied)
        );
        assert_eq!(runs.end(true, Millis(5)), None);
    }

    #[test]
    fn a_hanging_run_is_stopped_once_and_failures_are_tried_again_ever_later() {
        let mut runs = Runs::default();
        runs.want();
        assert_eq!(runs.step(Millis(0)), Step::Start);
        assert_eq!(runs.step(Millis(119_999)), Step::None);
        assert_eq!(runs.step(Millis(120_000)), Step::Stop);
        assert_eq!(runs.step(Millis(120_001)), Step::None);
        assert_eq!(runs.end(false, Millis(121_000)), Some(Outcome::Late));
        let mut pauses = Vec::new();
        let mut now = Millis(121_000);
        for _ in 0..7 {
            let at = runs.deadline().expect("a retry");
            pauses.push(at.since(now).0 / 1000);
            assert_eq!(runs.step(Millis(at.0 - 1)), Step::None);
            assert_eq!(runs.step(at), Step::Start);
            now = at;
            assert_eq!(runs.end(false, now), Some(Outcome::Bad));
        }
        assert_eq!(pauses, [30, 60, 120, 240, 480, 600, 600]);
        assert_eq!(runs.status().state, ConfigurationState::Failed);
    }

    #[test]
    fn a_run_that_hangs_in_the_kernel_is_given_up() {
        let mut runs = Runs::default();
        runs.want();
        assert_eq!(runs.step(Millis(0)), Step::Start);
        assert_eq!(runs.step(Millis(120_000)), Step::Stop);
        assert_eq!(runs.deadline(), Some(Millis(130_000)));
        assert_eq!(runs.step(Millis(129_999)), Step::None);
        assert_eq!(runs.step(Millis(130_000)), Step::GiveUp);
        assert_eq!(runs.end(false, Millis(130_000)), Some(Outcome::Late));
        assert_eq!(runs.step(Millis(130_001)), Step::None);
        assert_eq!(
            runs.end(false, Millis(140_000)),
            None,
            "its end comes too late to count"
        );
        assert_eq!(
            runs.step(Millis(160_000)),
            Step::Start,
            "it is tried again all the same"
        );
    }
}
