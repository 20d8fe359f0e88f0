//! From one set of services to another.

use super::Supervisor;
use crate::report::Log;
use crate::supervise::unit::Unit;
use crate::supervise::{Event, State};
use init_api::{RestartWhen, Service, Services};
use std::collections::{BTreeMap, BTreeSet};

impl Supervisor {
    /// Brings what is kept in line with a new set: new ones come, missing ones go, changed ones are restarted, the
    /// others run on; what was stopped or gave up is tried again, unless it is never started twice.
    pub(crate) fn set(&mut self, services: &Services, log: &Log) {
        let now = self.clock.now();
        let names: BTreeSet<_> = services.iter().map(|s| s.name.clone()).collect();
        for index in 0..self.units.len() {
            if !names.contains(&self.units[index].service.name) {
                self.units[index].leaving = true;
                self.event(index, Event::Stop, log);
            }
        }
        for service in services.iter() {
            match self.find(&service.name) {
                None => self.units.push(Unit::new(service.clone(), now)),
                Some(index) => self.replace(index, service, log),
            }
        }
        let place: BTreeMap<_, _> = services
            .iter()
            .enumerate()
            .map(|(i, s)| (s.name.clone(), i))
            .collect();
        self.units
            .sort_by_key(|unit| place.get(&unit.service.name).copied().unwrap_or(usize::MAX));
        self.settle(log);
    }

    fn replace(&mut self, index: usize, service: &Service, log: &Log) {
        let unit = &mut self.units[index];
        let returns = std::mem::take(&mut unit.leaving);
        let at_rest = matches!(unit.machine.state, State::Stopped | State::Failed);
        if unit.service != *service {
            unit.next = Some(service.clone());
            self.event(index, Event::Restart, log);
            return;
        }
        // A change that was taken back before the process had ended.
        unit.next = None;
        if returns || (at_rest && service.restart.when != RestartWhen::Never) {
            self.event(index, Event::Start, log);
        }
    }

    /// Forgets those that left; gives changed ones their new description once their process has ended.
    pub(super) fn change_descriptions(&mut self) {
        for unit in self.units.iter_mut().filter(|unit| !unit.machine.runs()) {
            if let Some(service) = unit.next.take() {
                unit.service = service;
            }
            if unit.leaving {
                self.groups.remove(&unit.service.name);
            }
        }
        self.units
            .retain(|unit| !unit.leaving || unit.machine.runs());
    }
}
