//! What is told as events: what stands in the cluster already, so that it is told once, whoever leads and however often it is
//! planned. Each has an occasion, which is another one only when it happens again.

use super::drain::later;
use super::event::{Object, Told};
use super::member::{Member, Members};
use super::status::PROGRESSING;
use super::step::Plan;
use crate::facts::Cordon;
use crate::stand::{Move, Stand, past};
use std::time::Duration;
use upgrade_crd::UpgradeStatus;

/// A budget that is met again before this has nothing wrong with it.
const PATIENCE: Duration = Duration::from_secs(15);
/// How many nodes are told of on which a release failed.
const FAILED: usize = 20;
/// Why an upgrade does not move, as far as it is worth an event: what changes from node to node is not.
const WORTH_TELLING: [(&str, bool); 9] = [
    ("Complete", false),
    ("Paused", false),
    ("OutsideWindow", false),
    ("Soaking", false),
    ("NoNode", true),
    ("Stopped", true),
    ("UnknownTimeZone", true),
    ("RemovedApis", true),
    ("KubernetesSkew", true),
];

impl Members<'_> {
    /// What is told of an upgrade and its nodes.
    pub(super) fn tell(&self, plan: &mut Plan) {
        let upgrade = Object::Upgrade(self.name.clone());
        for member in self.own() {
            let about_node = self.of_node(member).into_iter();
            plan.told
                .extend(about_node.map(|(reason, note, occasion)| Told {
                    about: Object::Node(member.name.to_owned()),
                    related: Some(upgrade.clone()),
                    warning: [BLOCKED, GIVEN_BACK].contains(&reason),
                    reason: reason.to_owned(),
                    note,
                    occasion,
                }));
        }
        let failed = self.own().filter_map(|member| self.failure(member));
        plan.told.extend(failed.take(FAILED));
        let status = self.upgrade.status.as_ref();
        plan.told
            .extend(status.and_then(|status| of_upgrade(&self.name, status)));
    }

    /// Reason, note and occasion of what happened to a node.
    fn of_node(&self, member: &Member<'_>) -> Vec<(&'static str, String, String)> {
        let (name, release) = (&self.name, self.release(member));
        let mut told = Vec::new();
        let own = |cordon: &&Cordon| cordon.upgrade == self.name;
        if let Some(cordon) = member.node.cordon.as_ref().filter(own) {
            let occasion = cordon.at.as_millisecond().to_string();
            let chosen = format!(
                "Upgrade {name} has it go to release {release}: no pods come to it until it is back"
            );
            told.push((CHOSEN, chosen, occasion.clone()));
            if let Some(kept_by) = self.blocked(member, cordon) {
                let why = format!("Upgrade {name} cannot move its pods away: {kept_by}");
                told.push((BLOCKED, why, occasion.clone()));
            }
            if member.stand == Stand::Done {
                let done =
                    format!("it is good in the release of Upgrade {name}, {release}, and keeps it");
                told.push((CONFIRMED, done, occasion));
            }
        }
        if let (Some(given_back), Stand::Staged) = (&member.node.given_back, &member.stand) {
            let why = format!(
                "Upgrade {name} gave it back to its pods: {}",
                given_back.why
            );
            let occasion = given_back.at.as_millisecond().to_string();
            told.push((GIVEN_BACK, why, occasion));
        }
        told
    }

    /// What has kept a node's pods there for so long that somebody should know.
    fn blocked(&self, member: &Member<'_>, cordon: &Cordon) -> Option<String> {
        let drained = self.fleet.drains.get(member.name)?;
        let long = self.now >= later(past(cordon.at, self.now), PATIENCE);
        let draining = member.stand == Stand::Moving(Move::Draining);
        let is_blocked = long && draining && drained.left > 0 && !drained.kept_by.is_empty();
        is_blocked.then(|| drained.kept_by.join("; "))
    }

    /// The node itself tells its own part of it: that it went back.
    fn failure(&self, member: &Member<'_>) -> Option<Told> {
        let Stand::Failed(why) = &member.stand else {
            return None;
        };
        let (node, release) = (member.name.to_owned(), self.release(member));
        Some(Told {
            about: Object::Upgrade(self.name.clone()),
            related: Some(Object::Node(node.clone())),
            warning: true,
            reason: FAILED_ON_NODE.to_owned(),
            note: format!("release {release} failed on {node}: {why}"),
            occasion: format!("{node}.{release}.{}", self.upgrade.spec.retry),
        })
    }

    fn release(&self, member: &Member<'_>) -> String {
        let target = member.target.as_ref();
        target.map_or_else(String::new, ToString::to_string)
    }
}

const CHOSEN: &str = "NodeChosen";
const BLOCKED: &str = "DrainBlocked";
const GIVEN_BACK: &str = "GivenBack";
const CONFIRMED: &str = "ReleaseConfirmed";
const FAILED_ON_NODE: &str = "NodeFailed";

/// Why it does not move, as it was written there.
fn of_upgrade(name: &str, status: &UpgradeStatus) -> Option<Told> {
    let mut conditions = status.conditions.iter();
    let said = conditions.find(|condition| condition.type_ == PROGRESSING)?;
    let mut worth = WORTH_TELLING.iter();
    let (reason, warning) = worth.find(|(reason, _)| *reason == said.reason)?;
    let release = status.version.as_deref().unwrap_or_default();
    let note = match said.message.as_str() {
        "" => format!(
            "{} nodes run release {release} or a newer one",
            status.summary
        ),
        message => message.to_owned(),
    };
    let at = said.last_transition_time.0.as_millisecond();
    Some(Told {
        about: Object::Upgrade(name.to_owned()),
        related: None,
        warning: *warning,
        reason: (*reason).to_owned(),
        note,
        occasion: at.to_string(),
    })
}
