//! Which versions of Kubernetes go together, whatever the order of an upgrade is and whomever its selector takes (Kubernetes,
//! "Version Skew Policy"): an agent's is never newer than that of a server, nor more than three minor releases older, and servers
//! are at most one apart. A node on its way counts with both: it may come back.

use super::step::Plan;
use crate::facts::{Fleet, NodeFacts};
use semver::Version;
use upgrade_crd::NodePhase;

/// Minor releases that an agent may be behind a server, and that servers may be apart.
const BEHIND: u64 = 3;
const APART: u64 = 1;

/// A node whose Kubernetes does not go with one that another node would have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clash {
    pub(super) with: String,
    pub(super) why: String,
}

/// Major and minor.
type Minor = (u64, u64);

/// The first node that forbids one to have this Kubernetes.
pub(super) fn clash(
    fleet: &Fleet,
    plan: &Plan,
    (name, node): (&str, &NodeFacts),
    kubernetes: &str,
) -> Option<Clash> {
    let wanted = minor(kubernetes)?;
    let runs = node.kubernetes.as_deref().and_then(minor);
    let mut others = fleet.nodes.iter().filter(|(other, _)| *other != name);
    others.find_map(|(other_name, other)| {
        let moves = || is_on_its_way(fleet, plan, other_name, other);
        let why = match node.server {
            true => against_server(runs, wanted, other, moves),
            false => against_agent(runs, wanted, other, moves),
        }?;
        let kind = if other.server { "server" } else { "agent" };
        Some(Clash {
            with: other_name.clone(),
            why: format!("{kind} {other_name} {why}"),
        })
    })
}

/// Why an agent may not have it, because of another node.
fn against_agent(
    runs: Option<Minor>,
    wanted: Minor,
    other: &NodeFacts,
    moves: impl Fn() -> bool,
) -> Option<String> {
    if !other.server {
        return None;
    }
    let said = other.kubernetes.as_deref().unwrap_or_default();
    let Some(theirs) = minor(said) else {
        return Some("has not said yet which it runs: an agent's is never newer".to_owned());
    };
    let rises = runs.is_none_or(|runs| runs < wanted);
    if theirs < wanted {
        Some(format!(
            "runs {said}: an agent's is never newer than a server's"
        ))
    } else if rises && moves() {
        Some("is on its way, and may come back with an older one: agents follow then".to_owned())
    } else if apart(theirs, wanted) > BEHIND {
        Some(format!(
            "runs {said}: an agent may be {BEHIND} minor releases behind at most"
        ))
    } else {
        None
    }
}

/// Why a server may not have it, because of another node.
fn against_server(
    runs: Option<Minor>,
    wanted: Minor,
    other: &NodeFacts,
    moves: impl Fn() -> bool,
) -> Option<String> {
    // One without a kubelet that ever said something asks no server.
    let said = other.kubernetes.as_deref()?;
    let theirs = minor(said)?;
    let distance = apart(theirs, wanted);
    if other.server {
        return (distance > APART)
            .then(|| format!("runs {said}: servers may be {APART} minor release apart at most"));
    }
    let falls = runs.is_some_and(|runs| wanted < runs);
    if theirs > wanted {
        Some(format!(
            "runs {said}: a server's is never older than an agent's"
        ))
    } else if falls && moves() {
        Some("is on its way, and may come to a newer one: servers follow then".to_owned())
    } else if other.ready && distance > BEHIND {
        Some(format!(
            "runs {said}: an agent may be {BEHIND} minor releases behind at most"
        ))
    } else {
        None
    }
}

/// Whether a node may run something else in a moment than it says now.
fn is_on_its_way(fleet: &Fleet, plan: &Plan, name: &str, node: &NodeFacts) -> bool {
    let asked = fleet.asked.get(name);
    let status = asked.and_then(|asked| asked.status.as_ref());
    let phase = status.map(|status| status.phase);
    node.cordon.is_some()
        || plan.begins(name)
        || matches!(phase, Some(NodePhase::Restarting | NodePhase::Trial))
}

fn minor(version: &str) -> Option<Minor> {
    let version = Version::parse(version.strip_prefix('v').unwrap_or(version)).ok()?;
    Some((version.major, version.minor))
}

/// Over a major release, nobody knows.
fn apart(one: Minor, other: Minor) -> u64 {
    match one.0 == other.0 {
        true => one.1.abs_diff(other.1),
        false => u64::MAX,
    }
}

#[cfg(test)]
mod tests;
