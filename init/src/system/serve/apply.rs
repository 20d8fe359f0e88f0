//! The configuration: runs of it, and the services that follow.

use super::super::config_writes;
use super::super::configure::{self, Outcome, Step};
use super::{QUIET, Server};
use crate::supervise::{Event, State};
use host::with_causes;
use init_api::Root;
use init_api::{Millis, Mode, Problem, Service, ServiceName, Services, paths};
use std::{fs, io};

impl Server {
    pub(super) fn advance_configuration(&mut self, now: Millis) {
        if self.end.is_some() {
            return;
        }
        self.check_config_partition(now);
        if self.disks_changed.is_some_and(|at| now.since(at) >= QUIET) {
            self.disks_changed = None;
            if self.mode == Mode::Maintenance {
                self.runs.want();
            }
        }
        match self.supervisor.state(&configure::name()) {
            Some(State::Completed) => self.configuration_ended(true, now),
            Some(State::Failed | State::Stopped) => self.configuration_ended(false, now),
            _ => {}
        }
        match self.runs.step(now) {
            Step::None => {}
            Step::Stop => {
                self.supervisor
                    .request(&configure::name(), Event::Stop, &self.log);
            }
            Step::GiveUp => {
                self.log.error(
                    "`holdfast node configure` hangs and cannot be killed; going on without it",
                );
                self.configuration_ended(false, now);
            }
            Step::Start => self.start_configuration(),
        }
    }

    /// In maintenance mode somebody may mend `config.yaml` on the partition itself, over ssh.
    fn check_config_partition(&mut self, now: Millis) {
        let config = self
            .facts
            .boot
            .as_ref()
            .and_then(|boot| boot.partitions.config.as_deref());
        let count = || config_writes::sectors(&self.root.path("/sys"), config?);
        if self.config_written.has_changed(now, count) && self.mode == Mode::Maintenance {
            self.log
                .line("the CONFIG partition was written to; the configuration is read again");
            self.runs.want();
        }
    }

    fn start_configuration(&mut self) {
        if self.mode == Mode::Booting {
            self.phases.begin("configure");
        }
        // What stands there is about the run before.
        let problem = self.root.path(paths::PROBLEM);
        if let Err(error) = fs::remove_file(&problem)
            && error.kind() != io::ErrorKind::NotFound
        {
            self.log
                .error(&format!("cannot remove {}: {error}", problem.display()));
        }
        self.enforce();
        self.supervisor
            .request(&configure::name(), Event::Start, &self.log);
    }

    fn configuration_ended(&mut self, good: bool, now: Millis) {
        let Some(outcome) = self.runs.end(good, now) else {
            return;
        };
        if self.mode == Mode::Booting {
            self.phases.end(&self.log);
        }
        let services = match outcome {
            Outcome::Good => self.configured_services(),
            Outcome::Bad | Outcome::Late => Err(reported_problem(&self.root, outcome)),
        };
        match (services, self.facts.problem.clone()) {
            (Ok(services), None) => {
                self.problem = None;
                self.base = if self.mode == Mode::Running {
                    without_repetition(&self.base, services)
                } else {
                    services
                };
                self.mode = Mode::Running;
            }
            (Ok(services), Some(problem)) => {
                self.problem = Some(problem);
                self.mode = Mode::Maintenance;
                self.base = for_maintenance(services, &self.built_in.all);
            }
            (Err(problem), lasting) => {
                self.log
                    .error(&format!("{}: {}", problem.title, problem.text));
                self.problem = Some(lasting.unwrap_or(problem));
                // What runs by an older, good configuration runs on.
                if self.mode != Mode::Running {
                    self.mode = Mode::Maintenance;
                    // The run may have left services that serve maintenance: network and ssh by the last good one.
                    let built_in = &self.built_in.all;
                    self.base = self.configured_services().map_or_else(
                        |_| built_in.clone(),
                        |services| for_maintenance(services, built_in),
                    );
                }
            }
        }
        self.enforce();
    }

    /// Brings the services in line with those in force.
    fn enforce(&mut self) {
        let services = self
            .base
            .iter()
            .cloned()
            .chain([configure::service(&self.root.path(paths::HOLDFAST))])
            .collect();
        match Services::new(services) {
            Ok(services) => self.supervisor.set(&services, &self.log),
            Err(error) => self.log.error(&error.to_string()),
        }
    }

    /// What `node configure` left for PID 1, over the built-in services.
    fn configured_services(&self) -> Result<Services, Problem> {
        let wrong = |text: String| Problem {
            text,
            ..configure::unexplained(Outcome::Good)
        };
        let services: Services = init_api::load(self.root.path(paths::SERVICES))
            .map_err(|error| wrong(with_causes(&error)))?;
        let all = self.built_in.all.clone();
        all.overlaid(services)
            .map_err(|error| wrong(error.to_string()))
    }
}

/// What the run itself says is wrong, or the little that can be said without it.
fn reported_problem(root: &Root, outcome: Outcome) -> Problem {
    match (
        outcome,
        init_api::load_if_present(root.path(paths::PROBLEM)),
    ) {
        (Outcome::Bad, Ok(Some(problem))) => problem,
        _ => configure::unexplained(outcome),
    }
}

/// Only what may run in maintenance mode, without ties to what may not.
fn for_maintenance(services: Services, built_in: &Services) -> Services {
    let kept: Vec<Service> = services
        .into_vec()
        .into_iter()
        .filter(|s| s.in_maintenance)
        .collect();
    let names: Vec<ServiceName> = kept.iter().map(|s| s.name.clone()).collect();
    let untied = kept.into_iter().map(|mut service| {
        service.after.retain(|name| names.contains(name));
        service
    });
    Services::new(untied.collect()).unwrap_or_else(|_| built_in.clone())
}

/// What runs once a boot stays as the boot's first good configuration had it, whatever a later one says: else a changed
/// environment would run a person's commands again.
fn without_repetition(before: &Services, now: Services) -> Services {
    let first = before.iter().filter(|service| service.runs_once());
    let others = now.iter().filter(|service| !service.runs_once());
    Services::new(others.chain(first).cloned().collect()).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::without_repetition;
    use init_api::{Restart, Service, ServiceName, Services};

    fn one_shot(name: &str, restart: Restart) -> Service {
        let name = ServiceName::new(name).expect("name");
        Service {
            restart,
            ..Service::one_shot(name, ["/x"])
        }
    }

    #[test]
    fn commands_run_once_a_boot_whatever_changes() {
        let commands = || one_shot("run-commands", Restart::never());
        let fetch = || one_shot("downloads", Restart::on_failure());
        let proxied = |service: Service| service.env("https_proxy", "http://p:3128");
        let set = |services: &[Service]| Services::new(services.to_vec()).expect("they fit");
        for (case, before, now, expected) in [
            (
                "a proxy",
                set(&[commands(), fetch()]),
                set(&[proxied(commands()), proxied(fetch())]),
                set(&[proxied(fetch()), commands()]),
            ),
            (
                "the first command",
                set(&[fetch()]),
                set(&[commands(), fetch()]),
                set(&[fetch()]),
            ),
            (
                "no command any more, until a trial ends",
                set(&[commands(), fetch()]),
                set(&[fetch()]),
                set(&[fetch(), commands()]),
            ),
        ] {
            assert_eq!(without_repetition(&before, now), expected, "{case}");
        }
    }
}
