//! What is asked of the upgrader next. Pure.

use super::state::{Asked, Facts, failure};
use init_api::{HealthCheck, WorkloadKind};
use std::time;
use upgrade_api::{Doing, StageRequest, Wanted};
use upgrade_crd::{Check, Want};

/// What is asked of the upgrader next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Nothing,
    /// What a repository has.
    Check {
        source: String,
        channel: String,
    },
    /// Write a release to the spare slot.
    Stage(StageRequest),
    /// Restart into it.
    Activate {
        deadline_s: u64,
        checks: Vec<HealthCheck>,
    },
}

/// The next step. What is asked of the upgrader twice is done once: it knows what is staged, and what it is doing.
pub(super) fn next(asked: &Asked<'_>, facts: &Facts<'_>) -> Step {
    let (spec, report) = (asked.spec, facts.report);
    let idle = !facts.working
        && !facts.held_off
        && report.trial.is_none()
        && report.doing == Doing::Nothing;
    let Some(source) = spec.source.address().filter(|_| idle) else {
        return Step::Nothing;
    };
    // Not when its turn has come: everything is there, and the repository need not be.
    let look = facts.offers_are_stale && spec.want != Want::Run;
    if let Some(channel) = spec.channel.as_ref().filter(|_| look) {
        return Step::Check {
            source: source.to_owned(),
            channel: channel.clone(),
        };
    }
    let Some(version) = &spec.version else {
        return Step::Nothing;
    };
    let failed = failure(&report.record, version).is_some();
    let given_up = failed && asked.before.retried >= spec.retry;
    if report.running.version == *version || given_up || spec.want == Want::Report {
        return Step::Nothing;
    }
    let staged = report.record.staged.as_ref();
    if staged.is_none_or(|staged| staged.release.version != *version) {
        return Step::Stage(StageRequest {
            source: source.to_owned(),
            wanted: Wanted::Version(version.clone()),
            again: failed,
            allow_downgrade: spec.allow_downgrade,
        });
    }
    match spec.want {
        Want::Run => Step::Activate {
            deadline_s: time::Duration::from(spec.deadline).as_secs(),
            checks: spec.checks.iter().filter_map(check).collect(),
        },
        Want::Report | Want::Stage => Step::Nothing,
    }
}

/// As the upgrader takes it; the API server lets none pass that says nothing.
fn check(check: &Check) -> Option<HealthCheck> {
    if let Some(url) = &check.http {
        return Some(HealthCheck::Http { url: url.clone() });
    }
    if let Some(name) = &check.command {
        return Some(HealthCheck::Command { name: name.clone() });
    }
    let workload = check.workload.as_ref()?;
    Some(HealthCheck::Workload {
        kind: match workload.kind {
            upgrade_crd::WorkloadKind::Deployment => WorkloadKind::Deployment,
            upgrade_crd::WorkloadKind::StatefulSet => WorkloadKind::StatefulSet,
            upgrade_crd::WorkloadKind::DaemonSet => WorkloadKind::DaemonSet,
        },
        namespace: workload.namespace.clone(),
        name: workload.name.clone(),
    })
}
