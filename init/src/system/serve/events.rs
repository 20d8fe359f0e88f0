//! What PID 1 does about what wakes it.

use super::super::signals::{self, Meaning};
use super::super::wake::Source;
use super::super::{last_boot, power_button};
use super::Server;
use init_api::{Asked, Asker, Down, Millis, Mode, Response, Standing};
use rustix::fs::inotify;

impl Server {
    pub(super) fn handle(&mut self, source: Source) {
        self.stale = true;
        match source {
            Source::Signals => self.handle_signals(),
            Source::Devices => self.handle_devices(),
            Source::Records => self.read_records(),
            Source::Listener => {
                if let Some(number) = self.requests.accept()
                    && let Some(client) = self.requests.client(number)
                    && let Err(error) = self.wake.watch(client, Source::Client(number))
                {
                    self.log
                        .error(&format!("cannot listen to a client: {error}"));
                }
            }
            Source::Client(number) => {
                for request in self.requests.read(number) {
                    let response = match request {
                        Ok(request) => self.answer(request),
                        Err(reason) => Response::Refused { reason },
                    };
                    self.requests.answer(number, &response);
                }
            }
            Source::Output(number) => {
                self.supervisor.read_output(number);
            }
            Source::Button(number) => self.handle_button(number),
        }
    }

    fn handle_signals(&mut self) {
        while let Some(meaning) = self.signals.next() {
            match meaning {
                Meaning::ChildEnded => {
                    while let Some((pid, exit)) = signals::reap() {
                        self.supervisor.ended(pid, exit, &self.log);
                    }
                }
                Meaning::Reboot => {
                    self.end_by_request(Down::Reboot, Asked::by(Asker::Signal));
                }
                Meaning::PowerOff => {
                    self.end_by_request(Down::PowerOff, Asked::by(Asker::Signal));
                }
            }
        }
    }

    fn handle_devices(&mut self) {
        while let Some(event) = self.devices.next() {
            if event.brings_block_device() && self.mode == Mode::Maintenance {
                self.disks_changed = Some(self.clock.now());
            }
            if event.subsystem == "input" && event.action == "add" {
                self.find_buttons();
            }
            if event.subsystem == "watchdog" && event.action == "add" {
                self.arm_watchdog();
            }
        }
    }

    fn arm_watchdog(&mut self) {
        match self.guard.arm(&self.root.path("/dev")) {
            Ok(true) => {
                self.log.line("watchdog armed");
                self.hear_of_last_reset();
            }
            Ok(false) => {}
            Err(error) => self.log.error(&format!("cannot arm the watchdog: {error}")),
        }
    }

    /// Its driver came after it was told how the last boot ended.
    fn hear_of_last_reset(&mut self) {
        if !self.guard.did_the_last_reset() {
            return;
        }
        if let Some(last) = &mut self.last_boot
            && let Err(error) = last_boot::watchdog_came(&self.root, last)
        {
            self.log.error(&host::with_causes(&error));
        }
    }

    pub(super) fn find_buttons(&mut self) {
        for (name, file) in power_button::find(&self.root.path("/sys"), &self.root.path("/dev")) {
            if self.buttons.values().any(|(known, _)| *known == name) {
                continue;
            }
            let number = self.buttons.keys().next_back().map_or(0, |last| last + 1);
            if self.wake.watch(&file, Source::Button(number)).is_ok() {
                self.buttons.insert(number, (name, file));
            }
        }
    }

    fn handle_button(&mut self, number: u64) {
        let pressed = self
            .buttons
            .get(&number)
            .map(|(_, file)| power_button::is_pressed(file));
        match pressed {
            Some(Some(true)) => {
                self.end_by_request(Down::PowerOff, Asked::by(Asker::PowerButton));
            }
            Some(None) => {
                self.buttons.remove(&number);
            }
            _ => {}
        }
    }

    /// Somebody wrote about the node or its configuration.
    fn read_records(&mut self) {
        let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
        let mut reader = inotify::Reader::new(&self.record_changes, &mut buffer);
        while reader.next().is_ok() {}
        self.records.read(&self.root);
        // Not while it goes down: whoever was asked something is left alone then.
        let is_left = self.records.form && self.mode == Mode::Maintenance;
        self.log.be_quiet(is_left);
    }

    /// Says when the node becomes Ready, is Ready no longer, or is not known to be: that comes with time alone. While the machine
    /// goes down nobody asks, and nobody wonders.
    pub(super) fn announce_node(&mut self, now: Millis) {
        if self.mode == Mode::ShuttingDown {
            return;
        }
        let Some(node) = &self.records.node else {
            return;
        };
        let standing = node.standing(now);
        match (self.standing, standing) {
            (Some(Standing::Ready { .. }), Standing::Ready { .. }) => {}
            (_, Standing::Ready { .. }) => {
                self.log.line("node Ready");
                self.ready_note.note(&self.root);
            }
            (Some(Standing::Ready { .. }), Standing::NotReady) => {
                let reason = node.why_not_ready().unwrap_or_default();
                self.log.line(&format!("node not ready{reason}"));
            }
            (Some(Standing::Unknown { .. }), Standing::Unknown { .. })
            | (_, Standing::NotReady) => {}
            (_, Standing::Unknown { silent }) => self.log.line(&node.silence(silent)),
        }
        self.standing = Some(standing);
    }
}
