//! What is asked of the upgrader next. Pure.

use super::state::{Asked, Facts, failure};
use std::time;
use upgrade_api::{Doing, StageRequest, Wanted};
use upgrade_crd::Want;

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
        });
    }
    match spec.want {
        Want::Run => Step::Activate {
            deadline_s: time::Duration::from(spec.deadline).as_secs(),
        },
        Want::Report | Want::Stage => Step::Nothing,
    }
}
