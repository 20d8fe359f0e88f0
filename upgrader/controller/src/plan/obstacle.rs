//! What keeps a node from beginning although it is its turn: nothing of the upgrade's own, but of the cluster around it.

use super::drain::later;
use super::member::{Member, Members};
use super::skew;
use super::step::{Plan, Why};
use crate::removed::{SOON, Seen, gone_in};

/// Of a Kubernetes that the cluster is not ready for.
pub(super) const REMOVED_APIS: &str = "RemovedApis";
pub(super) const SKEW: &str = "KubernetesSkew";

/// How many APIs, or objects, are named.
const NAMED: usize = 10;

fn named(names: &[&str]) -> String {
    let first = names.iter().take(NAMED).copied();
    let first = first.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first}, and {more} more"),
    }
}

impl Members<'_> {
    /// What keeps a node from beginning.
    pub(super) fn obstacle(&self, plan: &mut Plan, member: &Member<'_>) -> Option<Why> {
        if let Some(why) = self.removed_apis(member) {
            if self.fleet.removed.is_err() {
                plan.wake_at(later(self.now, SOON));
            }
            return Some((REMOVED_APIS, why));
        }
        if let Some(why) = self.skew(plan, member) {
            return Some((SKEW, why));
        }
        let missing = self.missing_server(plan, member)?;
        let why = format!("server {missing} is away, and of a control plane only one may be");
        Some(("ControlPlane", why))
    }

    /// What somebody in this cluster asks for and the Kubernetes of the release has no more. Not for a way back: that has them still.
    fn removed_apis(&self, member: &Member<'_>) -> Option<String> {
        let kubernetes = member.staged_kubernetes()?;
        if self.upgrade.spec.allow_removed_apis {
            return None;
        }
        let all = match &self.fleet.removed {
            Ok(all) => all,
            Err(error) => {
                return Some(format!(
                    "the API server does not say which APIs are asked for ({error}); it is asked again, and `allowRemovedApis: true` does without"
                ));
            }
        };
        let asked = gone_in(all, kubernetes, Seen::Asked);
        let asked = (!asked.is_empty()).then(|| {
            format!(
                "Kubernetes {kubernetes} has no more what is still asked for in this cluster: {}. It counts since its start: when nobody asks any more, `holdfast service restart control-plane`; or say `allowRemovedApis: true`",
                named(&asked)
            )
        });
        let written = gone_in(all, kubernetes, Seen::Written);
        let written = (!written.is_empty()).then(|| {
            format!(
                "Kubernetes {kubernetes} has no more the APIs by which objects were written: {}. Have their writers use a newer version, see docs/upgrades.md; or say `allowRemovedApis: true`",
                named(&written)
            )
        });
        let both: Vec<String> = asked.into_iter().chain(written).collect();
        (!both.is_empty()).then(|| both.join(". "))
    }

    /// A node whose Kubernetes does not go with that of the release.
    fn skew(&self, plan: &Plan, member: &Member<'_>) -> Option<String> {
        let kubernetes = member.staged_kubernetes()?;
        let clash = skew::clash(self.fleet, plan, (member.name, member.node), kubernetes)?;
        let left_out = !self.list.iter().any(|other| other.name == clash.with);
        let hint = match left_out {
            true => format!(
                "; spec.nodeSelector leaves {} out, so give it an Upgrade of its own, or widen the selector",
                clash.with
            ),
            false => String::new(),
        };
        Some(format!(
            "its release has Kubernetes {kubernetes}, and {}{hint}",
            clash.why
        ))
    }

    /// For a server: another one, of the whole fleet, that is away or about to be.
    fn missing_server(&self, plan: &Plan, member: &Member<'_>) -> Option<String> {
        let mut others = self.fleet.nodes.iter().filter(|_| member.node.server);
        let missing = others.find(|(name, other)| {
            let away = !other.ready || other.cordon.is_some() || plan.begins(name);
            *name != member.name && other.server && away
        });
        missing.map(|(name, _)| name.clone())
    }
}
