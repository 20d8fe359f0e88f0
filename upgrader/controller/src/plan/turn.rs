//! What comes next for each node of an upgrade.

use super::drain::{self, Next};
use super::gate::Gate;
use super::member::{Member, Members};
use super::step::{Plan, Step, Why};
use crate::facts::{Cordon, GivenBack};
use crate::stand::{Move, Stand};
use semver::Version;
use upgrade_crd::{NodeUpgradeSpec, Waiting, Want};

impl Members<'_> {
    /// What comes next for each node; gives why some are not moving.
    pub(super) fn go_on(&self, plan: &mut Plan, gate: &Gate) -> Vec<Waiting> {
        let mut free = gate.free;
        let mut waiting = Vec::new();
        for member in &self.list {
            let said = match member.other {
                Some(other) => Some((
                    "OtherUpgrade",
                    format!(
                        "Upgrade {other} has this node: it was made later, or is under way there"
                    ),
                )),
                None => self.next(plan, gate, member, &mut free),
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
        member: &Member<'_>,
        free: &mut usize,
    ) -> Option<Why> {
        if let Some(why) = self.take_over(plan, member) {
            return Some(why);
        }
        match &member.stand {
            Stand::Done => {
                self.let_go(plan, member);
                // Nothing more is wanted of it: a person may go back from here by hand.
                self.ask(plan, member, Want::Report);
                None
            }
            Stand::NotGivenOut => {
                self.let_go(plan, member);
                self.ask(plan, member, Want::Report);
                let why = "the release is not given out to this node yet".to_owned();
                Some(("NotGivenOut", why))
            }
            Stand::Failed(why) => {
                self.let_go(plan, member);
                self.ask(plan, member, Want::Report);
                Some(("Failed", format!("{why}; raise spec.retry to try it again")))
            }
            // What it was sent for stands, whatever the resource says meanwhile.
            Stand::Moving(Move::Trying) => Some(("Trying", self.trying(member))),
            Stand::Moving(Move::Draining) => Some(self.drain(plan, member)),
            Stand::Refused(why) => {
                self.ask(plan, member, Want::Stage);
                self.give_back(plan, member, why.clone());
                Some(("Refused", why.clone()))
            }
            Stand::Outdated => {
                self.let_go(plan, member);
                self.ask(plan, member, Want::Stage);
                Some(("Preparing", "another release is asked for now".to_owned()))
            }
            Stand::Away => {
                self.ask(plan, member, gate.ahead);
                let why = "the node is not Ready; it follows when it is".to_owned();
                Some(("Away", why))
            }
            Stand::Behind(message) => {
                self.ask(plan, member, gate.ahead);
                match (&gate.shut, gate.ahead) {
                    (Some(shut), Want::Report) => Some((shut.reason, shut.message.clone())),
                    _ => Some(("Preparing", message.clone())),
                }
            }
            Stand::Staged => Some(self.begin(plan, gate, member, free)),
        }
    }

    /// A node that another upgrade cordoned, and has no more, is given back before anything else.
    fn take_over(&self, plan: &mut Plan, member: &Member<'_>) -> Option<Why> {
        let cordon = member.node.cordon.as_ref()?;
        let moving = matches!(member.stand, Stand::Moving(_));
        if cordon.upgrade == self.name || moving || !member.node.ready {
            return None;
        }
        let why = format!("Upgrade {} gives it back first", cordon.upgrade);
        self.let_go(plan, member);
        Some(("Preparing", why))
    }

    fn begin(&self, plan: &mut Plan, gate: &Gate, member: &Member<'_>, free: &mut usize) -> Why {
        self.ask(plan, member, Want::Stage);
        if let Some(why) = drain::held_off(plan, self.upgrade, member.node, self.now) {
            return ("GivenBack", why);
        }
        if let Some(shut) = gate.refuses(*free) {
            return (shut.reason, shut.message);
        }
        if let Some(why) = self.obstacle(plan, member) {
            return why;
        }
        *free -= 1;
        plan.steps.push(Step::Cordon {
            node: member.name.to_owned(),
            cordon: Cordon {
                upgrade: self.name.clone(),
                at: self.now,
                stays: member.stays(),
            },
        });
        ("Draining", "its turn has come".to_owned())
    }

    fn trying(&self, member: &Member<'_>) -> String {
        let status = member.asked.and_then(|asked| asked.status.as_ref());
        match status.map(|status| status.message.as_str()) {
            Some(message) if member.node.ready && !message.is_empty() => message.to_owned(),
            _ => "the node restarts into the release".to_owned(),
        }
    }

    fn drain(&self, plan: &mut Plan, member: &Member<'_>) -> Why {
        let drain = &self.upgrade.spec.drain;
        let node = member.name.to_owned();
        match drain::next(plan, self.fleet, drain, member.name, member.node, self.now) {
            Next::Restart => {
                self.ask(plan, member, Want::Run);
                let why = "it is asked to restart into the release".to_owned();
                ("Trying", why)
            }
            Next::GiveBack(why) => {
                let why = format!("it could not be drained: {why}");
                self.give_back(plan, member, why.clone());
                ("GivenBack", why)
            }
            Next::Wait(why) => ("Draining", why),
            Next::Drain(why) => {
                let since = member.node.cordon.as_ref().map_or(self.now, |it| it.at);
                let drain = drain.clone();
                plan.steps.push(Step::Drain { node, drain, since });
                ("Draining", why)
            }
        }
    }

    /// Gives a node back to its pods, if it was taken from them here.
    pub(super) fn let_go(&self, plan: &mut Plan, member: &Member<'_>) {
        if member.node.cordon.is_some() && member.node.ready {
            let (node, stays) = (member.name.to_owned(), member.stays());
            plan.steps.push(Step::Uncordon { node, stays });
        }
    }

    fn give_back(&self, plan: &mut Plan, member: &Member<'_>, why: String) {
        plan.steps.push(Step::GiveBack {
            node: member.name.to_owned(),
            stays: member.stays(),
            given_back: GivenBack { at: self.now, why },
        });
    }

    fn ask(&self, plan: &mut Plan, member: &Member<'_>, want: Want) {
        let spec = &self.upgrade.spec;
        let wanted = NodeUpgradeSpec {
            upgrade: self.name.clone(),
            source: spec.source.clone(),
            version: member.target.as_ref().map(Version::to_string),
            channel: spec.channel.clone(),
            want,
            deadline: spec.health.deadline,
            checks: spec.health.checks.clone(),
            allow_downgrade: spec.allow_downgrade,
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
