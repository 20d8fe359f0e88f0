//! What comes next for each node of an upgrade.

use super::drain::{self, Next};
use super::gate::Gate;
use super::member::{Member, Members};
use super::step::{Plan, Step};
use crate::facts::{Cordon, GivenBack};
use crate::stand::{Move, Stand};
use semver::Version;
use upgrade_crd::{NodeUpgradeSpec, Waiting, Want};

impl Members<'_> {
    /// Asks nodes what their channel has.
    pub(super) fn ask_for_the_channel(&self, plan: &mut Plan) {
        for member in self.own() {
            self.ask(plan, member, Want::Report);
        }
    }

    /// What comes next for each node; gives why some are not moving.
    pub(super) fn go_on(&self, plan: &mut Plan, gate: &Gate) -> Vec<Waiting> {
        let mut free = gate.free;
        let mut waiting = Vec::new();
        for (place, member) in self.list.iter().enumerate() {
            let said = match member.other {
                Some(other) => Some((
                    "OtherUpgrade",
                    format!(
                        "Upgrade {other} has this node: it was made later, or is under way there"
                    ),
                )),
                None => self.next(plan, gate, place, &mut free),
            };
            if let Some((reason, message)) = said
                && member.stand != Stand::Done
            {
                waiting.push(Waiting {
                    node: member.name.to_owned(),
                    reason: reason.to_owned(),
                    message,
                });
            }
        }
        waiting
    }

    fn next(
        &self,
        plan: &mut Plan,
        gate: &Gate,
        place: usize,
        free: &mut usize,
    ) -> Option<(&'static str, String)> {
        let member = &self.list[place];
        match &member.stand {
            Stand::Done => {
                self.let_go(plan, member);
                let want = member.asked.map_or(Want::Report, |asked| asked.spec.want);
                // A node that was upgraded keeps being asked for what it runs; nothing follows from it.
                self.ask(plan, member, want);
                None
            }
            Stand::Failed(why) => {
                self.let_go(plan, member);
                self.ask(plan, member, Want::Report);
                Some(("Failed", format!("{why}; raise spec.retry to try it again")))
            }
            Stand::Moving(Move::Trying) => {
                self.ask(plan, member, Want::Run);
                Some(("Trying", self.trying(member)))
            }
            Stand::Moving(Move::Draining) => self.drain(plan, member),
            Stand::Away => {
                self.ask(plan, member, gate.ahead);
                Some((
                    "Away",
                    "the node is not Ready; it follows when it is".to_owned(),
                ))
            }
            Stand::Behind(message) => {
                self.ask(plan, member, gate.ahead);
                match (&gate.shut, gate.ahead) {
                    (Some(shut), Want::Report) => Some((shut.reason, shut.message.clone())),
                    _ => Some(("Preparing", message.clone())),
                }
            }
            Stand::Staged => {
                self.ask(plan, member, Want::Stage);
                if let Some(refusal) = drain::held_off(plan, self.upgrade, member.node, self.now) {
                    return Some(("DrainGivenUp", refusal));
                }
                if let Some(shut) = gate.refuses(place, *free) {
                    return Some((shut.reason, shut.message));
                }
                *free -= 1;
                plan.steps.push(self.cordon(member));
                Some(("Draining", "its turn has come".to_owned()))
            }
        }
    }

    fn trying(&self, member: &Member<'_>) -> String {
        let status = member.asked.and_then(|asked| asked.status.as_ref());
        match status.map(|status| status.message.as_str()) {
            Some(message) if member.node.ready && !message.is_empty() => message.to_owned(),
            _ => "the node restarts into the release".to_owned(),
        }
    }

    fn cordon(&self, member: &Member<'_>) -> Step {
        Step::Cordon {
            node: member.name.to_owned(),
            cordon: Cordon {
                upgrade: self.name.clone(),
                at: self.now,
                stays: member.node.cordoned,
            },
        }
    }

    fn drain(&self, plan: &mut Plan, member: &Member<'_>) -> Option<(&'static str, String)> {
        let node = member.name.to_owned();
        match drain::next(
            plan,
            self.fleet,
            &self.upgrade.spec.drain,
            member.name,
            member.node,
            self.now,
        ) {
            Next::Restart => {
                self.ask(plan, member, Want::Run);
                Some((
                    "Trying",
                    "it is asked to restart into the release".to_owned(),
                ))
            }
            Next::GiveBack(why) => {
                plan.steps.push(Step::GiveBack {
                    node,
                    stays: member.stays(),
                    given_back: GivenBack {
                        at: self.now,
                        why: why.clone(),
                    },
                });
                Some(("DrainGivenUp", why))
            }
            Next::Drain(why) => {
                self.ask(plan, member, Want::Stage);
                let drain = self.upgrade.spec.drain.clone();
                let since = member
                    .node
                    .cordon
                    .as_ref()
                    .map_or(self.now, |cordon| cordon.at);
                plan.steps.push(Step::Drain { node, drain, since });
                Some(("Draining", why))
            }
        }
    }

    /// Gives a node back to its pods, if it was taken from them here.
    fn let_go(&self, plan: &mut Plan, member: &Member<'_>) {
        if member.node.cordon.is_some() && member.node.ready {
            let (node, stays) = (member.name.to_owned(), member.stays());
            plan.steps.push(Step::Uncordon { node, stays });
        }
    }

    fn ask(&self, plan: &mut Plan, member: &Member<'_>, want: Want) {
        let spec = &self.upgrade.spec;
        let wanted = NodeUpgradeSpec {
            upgrade: self.name.clone(),
            source: spec.source.clone(),
            version: self.target.as_ref().map(Version::to_string),
            channel: spec.channel.clone(),
            want,
            deadline: spec.health.deadline,
            retry: spec.retry,
        };
        if member.asked.is_none_or(|asked| asked.spec != wanted) {
            plan.steps.push(Step::Ask {
                node: member.name.to_owned(),
                spec: wanted,
            });
        }
    }
}
