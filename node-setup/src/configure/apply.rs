//! Bringing a configuration into force, and what the next boot goes by then.

use super::Run;
use super::problems::not_applied;
use crate::choice::{self, WaysIn};
use crate::facts::Facts;
use crate::last_good::{self, LastGood};
use crate::machine::Machine;
use crate::next_boot;
use crate::plan::{begin, containerd, plan, records};
use crate::report;
use crate::services::{self, Situation, services};
use init_api::{Problem, Services};
use os_config::{Config, Loaded, Sources};

impl<M: Machine> Run<'_, M> {
    pub(super) fn apply_own(&mut self, own: &Loaded) -> Result<(), Problem> {
        let services = self.apply_or_maintain(own.config())?;
        if self.found.trial.is_none() {
            let facts = &self.facts;
            let lying = &facts.tried_configurations;
            let merged = own.merged_yaml();
            let last_good = last_good::record(&facts.last_goods, lying, &facts.release, &merged);
            self.tried.clone_from(&last_good.tried);
            let mut records = next_boot::record_for_next_boot(facts, self.found, own, last_good);
            records.push(next_boot::record_early_services(&services));
            records.iter().for_each(|record| self.try_steps(record));
        }
        Ok(())
    }

    /// Gives the one source as well. What the next boot goes by stays: it is what is in force.
    pub(super) fn apply_last_good(
        &mut self,
        at: usize,
        instead: &Problem,
    ) -> (Result<(), Problem>, Sources) {
        let last_good = &self.facts.last_goods[at];
        let sources = Sources::one(last_good.path(), last_good.text.clone());
        let config = match last_good.load() {
            Ok(loaded) => loaded.into_config(),
            Err(_) => {
                self.maintain(WaysIn::Defaults, None, services::Purpose::Maintenance);
                return (Err(instead.clone()), sources);
            }
        };
        eprintln!("{}\n\n{}\n\n{}", instead.title, instead.text, instead.cure);
        self.facts.provisional = true;
        let done = self.apply_or_maintain(&config).map(|services| {
            self.try_steps(&next_boot::record_early_services(&services));
        });
        (done, sources)
    }

    /// A configuration that cannot be applied leaves a node that can be reached by the last good one.
    fn apply_or_maintain(&mut self, config: &Config) -> Result<Services, Problem> {
        let done = self.apply(config);
        if done.is_err() {
            // What was written until then is what running services must be brought back from.
            let (now, _) = Facts::read(self.root);
            self.facts.profiles = now.profiles;
            self.facts.files = now.files;
            let last_goods = &self.facts.last_goods;
            let paths: Vec<String> = last_goods.iter().map(LastGood::path).collect();
            let candidates = last_good::candidates(last_goods, &paths);
            let reads = |at: usize| last_goods[at].load().is_ok();
            let ways_in = choice::ways_in(&candidates, &self.facts.release, reads);
            self.maintain(ways_in, None, services::Purpose::Maintenance);
        }
        done
    }

    fn apply(&mut self, config: &Config) -> Result<Services, Problem> {
        let situation = Situation {
            trial: self.found.trial,
            purpose: services::Purpose::Node,
            rescue: false,
        };
        self.interfaces = report::interfaces(config);
        let facts = &self.facts;
        let services = services(config, facts, situation).map_err(|error| not_applied(&error))?;
        let mut steps = begin();
        steps.extend(plan(config, facts));
        if self.found.trial.is_some() {
            steps.push(next_boot::forget_early_services());
        }
        let settings = services::settings(config, facts);
        steps.extend(containerd(&settings));
        let records = records(config, &settings, &services);
        steps.extend(records.map_err(|error| not_applied(&error))?);
        let ignored = facts.founded.as_ref().map(|kept| kept.overrules(config));
        let warnings = self.executor.execute(&steps);
        let warnings = warnings.map_err(|error| not_applied(&error))?;
        self.notes.add(warnings);
        self.notes.said.extend(ignored.unwrap_or_default());
        Ok(services)
    }
}
