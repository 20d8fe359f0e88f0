//! What PID 1 answers and shows.

use super::super::closed_state::Look;
use super::super::page::View;
use super::super::{addresses, cards, closed_state, notes, trial};
use super::{Going, Server, records};
use crate::clock;
use crate::supervise::Event;
use init_api::interface::missing;
use init_api::{Asked, Asker, Down, Millis, Mode, Request, Response, ServiceName, Status};
use std::net::IpAddr;

impl Server {
    pub(super) fn answer(&mut self, request: Request) -> Response {
        match request {
            Request::Status => Response::Status {
                status: Box::new(self.status()),
            },
            Request::Services => Response::Services {
                services: self.supervisor.described(),
            },
            _ if self.end.is_some() => Response::Refused {
                reason: "the machine is going down".into(),
            },
            Request::Start { service } => self.control(&service, Event::Start),
            Request::Stop { service } => self.control(&service, Event::Stop),
            Request::Restart { service } => self.control(&service, Event::Restart),
            Request::Reconfigure => Response::Reconfiguring {
                generation: self.runs.want(),
            },
            Request::Commit => self.commit(),
            Request::Reboot => {
                self.end_by_request(Down::Reboot, Asked::by(Asker::Command));
                Response::Accepted
            }
            Request::PowerOff => {
                self.end_by_request(Down::PowerOff, Asked::by(Asker::Command));
                Response::Accepted
            }
            Request::GoDown { down, asked } => {
                self.end_by_request(down, asked);
                Response::Accepted
            }
        }
    }

    fn control(&mut self, name: &ServiceName, event: Event) -> Response {
        if self.supervisor.request(name, event, &self.log) {
            return Response::Accepted;
        }
        let known: Vec<_> = self
            .supervisor
            .status()
            .iter()
            .map(|s| s.name.to_string())
            .collect();
        Response::Refused {
            reason: format!("there is no service {name}; there are {}", known.join(", ")),
        }
    }

    fn commit(&mut self) -> Response {
        let before = self.trial;
        self.advance_trial(trial::Event::Commit);
        match self.trial.refusal() {
            Some(reason) => Response::Refused {
                reason: reason.into(),
            },
            None => {
                if before != self.trial {
                    self.log.line("this boot is confirmed: its slot stays");
                }
                Response::Accepted
            }
        }
    }

    pub(super) fn advance_trial(&mut self, event: trial::Event) {
        let (next, action) = self.trial.next(event, self.clock.now());
        if next != self.trial {
            self.trial = next;
            self.unconfirmed = next.record(&self.status(), &records::trial_waits(&self.root));
        }
        match action {
            trial::Action::None => {}
            trial::Action::Return => self.begin_end(
                Down::Reboot,
                Asked::by(Asker::TrialOver),
                "this boot was not confirmed in time: going back to what ran before",
            ),
        }
    }

    /// Nothing is written down about it: the state partition takes no writes.
    pub(super) fn advance_closed_state(&mut self, now: Millis) {
        if self.end.is_some() {
            return;
        }
        let before = self.closed_state;
        self.closed_state = before.next(now, || Look::at(&self.root));
        if before.deadline().is_none()
            && let Some(note) = self.closed_state.note(now)
        {
            self.log.line(&note);
            self.stale = true;
        }
        if self.closed_state.is_due(now) {
            self.advance_trial(trial::Event::GoingDown);
            let asked = Asked::about(Asker::Trouble, closed_state::WHY);
            self.begin_end(Down::Reboot, asked, closed_state::WHY);
        }
    }

    /// Somebody wants the machine to go down.
    pub(super) fn end_by_request(&mut self, down: Down, asked: Asked) {
        self.advance_trial(trial::Event::GoingDown);
        self.begin_end(down, asked, &format!("{} was asked for", down.name()));
    }

    fn begin_end(&mut self, down: Down, asked: Asked, why: &str) {
        if self.end.is_none() {
            self.log.line(&format!("{why}; ending services"));
            self.say_what_the_installer_said_last();
            self.mode = Mode::ShuttingDown;
            self.end = Some(Going {
                down,
                asked,
                since: self.clock.now(),
            });
            self.supervisor.begin_end(&self.log);
        }
    }

    /// It comes with the request to go down, too late for a page.
    fn say_what_the_installer_said_last(&mut self) {
        self.records.read(&self.root);
        let install = self.records.install.as_ref();
        if let Some(install) = install.filter(|install| install.finished) {
            self.log.line(&install.doing);
        }
    }

    pub(super) fn status(&self) -> Status {
        let text = |value: &std::ffi::CStr| value.to_string_lossy().into_owned();
        let kernel = rustix::system::uname();
        Status {
            mode: self.mode,
            version: self
                .facts
                .release
                .as_ref()
                .map(|r| r.version.clone())
                .unwrap_or_default(),
            kernel: text(kernel.release()),
            hostname: text(kernel.nodename()),
            uptime_ms: self.clock.now(),
            boot: self.facts.boot.clone(),
            phases: self.phases.list().to_vec(),
            services: self.supervisor.status(),
            configuration: self.runs.status(),
            problem: self.problem.clone(),
            node: self.records.node.clone(),
            install: self.records.install.clone(),
            trial_until_ms: self.trial.deadline(),
            last_boot: self.last_boot.clone(),
            notes: self.notes(),
        }
    }

    fn notes(&self) -> Vec<String> {
        let unguarded = self.guard.about().is_none();
        let unguarded = unguarded.then(|| {
            "this machine has no hardware watchdog: it cannot reset itself if it hangs".to_owned()
        });
        let clock = notes::about_clock(clock::wall_millis(), self.facts.release.as_ref());
        let now = [
            unguarded,
            clock,
            notes::about_state(&self.root.path("/state")),
            self.closed_state.note(self.clock.now()),
        ];
        self.facts
            .notes
            .iter()
            .cloned()
            .chain(now.into_iter().flatten())
            .chain(self.about_interfaces())
            .collect()
    }

    /// A card may come late, so it is looked for anew each time.
    fn about_interfaces(&self) -> Vec<String> {
        match self.records.interfaces.as_slice() {
            [] => Vec::new(),
            wanted => missing(wanted, &cards::read(&self.root)),
        }
    }

    /// The lines of the phases stand while the machine boots; after that, the page.
    pub(super) fn draw(&mut self) {
        if self.mode == Mode::Booting {
            return;
        }
        let status = self.status();
        let view = View {
            addresses: self.addresses(),
            notes: &self.records.notes,
            status: &status,
        };
        self.page.draw(&view, &self.log);
    }

    /// Those that the keeper reports; the kernel's where it does not run.
    fn addresses(&self) -> Vec<IpAddr> {
        match &self.records.node {
            Some(node) if self.mode != Mode::Maintenance => node.addresses.clone(),
            _ => addresses::outside(),
        }
    }
}
