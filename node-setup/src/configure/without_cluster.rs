//! A machine that is no node, or none now: it is reached, and starts no cluster.

use super::Run;
use super::problems::not_applied;
use crate::choice::WaysIn;
use crate::machine::Machine;
use crate::plan::{begin, plan_maintenance, services_alone};
use crate::report;
use crate::services::{self, Situation, services};
use os_config::Config;

impl<M: Machine> Run<'_, M> {
    /// Network, ssh and console, and nothing else.
    pub(super) fn maintain(
        &mut self,
        ways_in: WaysIn,
        own: Option<&Config>,
        purpose: services::Purpose,
    ) {
        let config = self.reached_by(ways_in, own);
        self.without_cluster(&config, purpose);
    }

    /// Network, ssh and console, and the installer. Nothing is recorded for the next boot: a stick never becomes a node by what it
    /// once was.
    pub(super) fn install(&mut self, config: &Config) {
        self.without_cluster(config, services::Purpose::Install);
    }

    fn without_cluster(&mut self, config: &Config, purpose: services::Purpose) {
        self.interfaces = report::interfaces(config);
        let situation = Situation {
            trial: self.found.trial,
            purpose,
            rescue: self.found.rescue,
        };
        let mut steps = begin();
        steps.extend(plan_maintenance(config, &self.facts));
        self.execute_or_note(&steps);
        let services = services(config, &self.facts, situation);
        match services.as_ref().map(services_alone) {
            Ok(Ok(step)) => self.execute_or_note(&[step]),
            Ok(Err(error)) => self.notes.failed.push(not_applied(&error).text),
            Err(error) => self.notes.failed.push(not_applied(error).text),
        }
    }

    fn reached_by(&mut self, ways_in: WaysIn, own: Option<&Config>) -> Config {
        let last_good = match ways_in {
            WaysIn::Own => return own.cloned().unwrap_or_default(),
            WaysIn::LastGood(at) => self.facts.last_goods[at].load().ok(),
            WaysIn::Defaults => None,
        };
        let (said, config) = match last_good {
            Some(loaded) => (
                "network and ssh are those of the last good configuration",
                loaded.into_config(),
            ),
            None => (
                "there is no last good configuration: network by DHCP, no ssh keys",
                Config::default(),
            ),
        };
        self.notes.said.push(said.to_owned());
        config
    }
}
