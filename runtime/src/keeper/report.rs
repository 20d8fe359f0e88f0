//! What the keeper tells the console page and `holdfast status`.

use crate::Paths;
use init_api::{Millis, NodeState, Problem, Standing};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;
use tracing::warn;

/// Many more would not fit a screen.
const SHOWN: usize = 5;

/// The node's state, written to `node.json` whenever it changes.
pub(super) struct Report {
    path: PathBuf,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    node: NodeState,
    waiting: BTreeSet<String>,
    problems: BTreeMap<String, Vec<String>>,
    written: Option<NodeState>,
}

impl Report {
    /// A report about the node `name`. What a keeper before this one heard from the API in this boot stands, with its age.
    pub(super) fn new(name: &str, paths: &Paths) -> Self {
        let path = paths.at(init_api::paths::NODE);
        let before = init_api::load::<NodeState>(&path).ok();
        let before = before
            .filter(|node| node.name == name)
            .map(|node| NodeState {
                name: node.name,
                ready: node.ready,
                reason: node.reason,
                asked_since_ms: node.asked_since_ms,
                answered_ms: node.answered_ms,
                ready_ms: node.ready_ms,
                ..NodeState::default()
            });
        let node = before.unwrap_or_else(|| NodeState {
            name: name.into(),
            asked_since_ms: now(),
            ..NodeState::default()
        });
        let state = State {
            node,
            ..State::default()
        };
        Self {
            path,
            state: RefCell::new(state),
        }
    }

    /// The node's address, if somebody else can reach it there.
    pub(super) fn address(&self, address: Option<IpAddr>) {
        self.change(|state| state.node.addresses = address.into_iter().collect());
    }

    /// Whether the node is Ready, as the API has just said.
    pub(super) fn ready(&self, ready: bool, reason: String) {
        self.change(|state| {
            state.node.ready = ready;
            state.node.reason = reason;
            state.node.answered_ms = Some(now());
            if ready {
                state.node.ready_ms = state.node.answered_ms;
            }
        });
    }

    /// Whether the API said a moment ago that the node is.
    pub(super) fn is_ready(&self) -> bool {
        let standing = self.state.borrow().node.standing(now());
        matches!(standing, Standing::Ready { .. })
    }

    /// The API did not answer, and why: what it said before stands, with its age.
    pub(super) fn unanswered(&self, reason: String) {
        self.change(|state| {
            state.node.ready = false;
            state.node.reason = reason;
        });
    }

    /// Something is waited for.
    pub(super) fn waiting(&self, what: &str) {
        self.change(|state| {
            state.waiting.insert(what.into());
        });
    }

    /// Something is waited for no longer.
    pub(super) fn arrived(&self, what: &str) {
        self.change(|state| {
            state.waiting.remove(what);
        });
    }

    /// What is wrong about `topic` now; nothing if `problems` is empty.
    pub(super) fn problems(&self, topic: &str, problems: Vec<String>) {
        let known = self.state.borrow().problems.get(topic) == Some(&problems);
        if !known {
            problems.iter().for_each(|problem| warn!("{problem}"));
        }
        self.change(|state| {
            if problems.is_empty() {
                state.problems.remove(topic);
            } else {
                state.problems.insert(topic.into(), problems);
            }
        });
    }

    /// Pods that take from others, a line each.
    pub(super) fn offenders(&self, offenders: Vec<String>) {
        self.change(|state| state.node.offenders = offenders);
    }

    /// What a stick has that is plugged in.
    pub(super) fn stick(&self, has: Option<String>) {
        self.change(|state| state.node.stick = has);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.borrow_mut();
        change(&mut state);
        let mut now = state.node.clone();
        now.waiting_for = state.waiting.iter().cloned().collect();
        now.problem = problem(state.problems.values().flatten());
        if state.written.as_ref() == Some(&now) {
            return;
        }
        match init_api::store(&self.path, &now) {
            Ok(()) => state.written = Some(now),
            Err(error) => warn!("cannot write the node's state: {error}"),
        }
    }
}

/// By a clock that nobody sets. A kernel that does not tell the time makes every answer look old, which is the safe side.
fn now() -> Millis {
    Millis::since_kernel_start().unwrap_or_default()
}

fn problem<'a>(all: impl Iterator<Item = &'a String> + Clone) -> Option<Problem> {
    let count = all.clone().count();
    let mut lines: Vec<String> = all.take(SHOWN).cloned().collect();
    if count > SHOWN {
        lines.push(format!("and {} more", count - SHOWN));
    }
    let title = match count {
        0 => return None,
        1 => "Something in the cluster must be corrected".to_owned(),
        many => format!("{many} things in the cluster must be corrected"),
    };
    let cure = "Correct the files or settings named above; the node tries them again by itself.\n`holdfast logs keeper` has more.";
    Some(Problem::new(title, lines.join("\n"), cure))
}

#[cfg(test)]
mod tests {
    use super::Report;
    use crate::Paths;
    use init_api::{Millis, NodeState};

    #[test]
    fn what_is_told_is_on_disk_and_problems_go_away() {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        let report = Report::new("edge", &paths);
        let told =
            || init_api::load::<NodeState>(paths.at(init_api::paths::NODE)).expect("node.json");
        report.waiting("the Kubernetes API");
        assert_eq!(told().waiting_for, ["the Kubernetes API"]);
        report.arrived("the Kubernetes API");
        report.ready(true, String::new());
        report.problems(
            "user",
            (1..=7).map(|n| format!("f{n}.yaml: wrong")).collect(),
        );
        let problem = told().problem.expect("a problem");
        assert!(
            problem.title.starts_with("7 things") && problem.text.ends_with("and 2 more"),
            "{problem:?}"
        );
        report.problems("user", Vec::new());
        assert_eq!(told().problem, None);
        let answered = told().answered_ms.expect("the API answered");
        assert!(answered >= told().asked_since_ms && told().asked_since_ms > Millis(0));
        report.unanswered("gone".into());
        assert_eq!(told().answered_ms, Some(answered), "no answer is no news");
        assert!(!told().ready);
        report.ready(true, String::new());
        assert!(told().ready && told().waiting_for.is_empty());
        let ready = told().ready_ms;
        assert!(ready.is_some() && ready == told().answered_ms);
        report.ready(false, "no disk".into());
        let last = told();
        assert_eq!(last.ready_ms, ready);
        Report::new("edge", &paths).waiting("the Kubernetes API");
        let next = told();
        assert_eq!(
            (next.asked_since_ms, next.answered_ms, next.ready_ms),
            (last.asked_since_ms, last.answered_ms, ready),
            "a keeper that is started anew has heard what the one before did"
        );
        Report::new("other", &paths).waiting("the Kubernetes API");
        assert_eq!(told().answered_ms, None);
    }
}
