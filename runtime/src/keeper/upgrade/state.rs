//! How the node stands towards what is asked of it. Pure.

use upgrade_api::{Doing, Offer, Record, Report};
use upgrade_crd::{Failure, NodePhase, NodeUpgradeSpec, NodeUpgradeStatus, Progress, Want};

/// What the cluster asks, and what was said of it last.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) spec: &'a NodeUpgradeSpec,
    pub(super) generation: i64,
    pub(super) before: &'a NodeUpgradeStatus,
}

/// What is known of the upgrader.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts<'a> {
    pub(super) report: &'a Report,
    /// It was asked something and has not answered.
    pub(super) working: bool,
    /// Why it did not do what was asked of it last.
    pub(super) refused: Option<&'a str>,
    /// It is too early to ask again.
    pub(super) held_off: bool,
    /// What the repository had.
    pub(super) offers: Option<&'a [Offer]>,
    pub(super) offers_are_stale: bool,
}

/// Whether, and how, a release failed on this node.
pub(super) fn failure<'a>(
    record: &'a Record,
    version: &str,
) -> Option<&'a upgrade_api::FailedRelease> {
    record
        .failed
        .iter()
        .rev()
        .find(|failed| failed.version == version)
}

/// What is to be said.
pub(super) fn state(asked: &Asked<'_>, facts: &Facts<'_>) -> NodeUpgradeStatus {
    let report = facts.report;
    let (phase, message) = phase(asked, facts);
    // A person's "again" that the upgrader refused is not used up.
    let refused = phase == NodePhase::Blocked && asked.spec.want == Want::Run;
    let retried = match refused {
        true => asked.before.retried.min(asked.spec.retry - 1),
        false => asked.before.retried,
    };
    let failed = report.record.failed.iter().map(|failed| Failure {
        version: failed.version.clone(),
        why: failed.why.join("; "),
    });
    NodeUpgradeStatus {
        observed_generation: asked.generation,
        running: report.running.version.clone(),
        phase,
        message,
        progress: progress(&report.doing),
        staged: report
            .record
            .staged
            .as_ref()
            .map(|staged| staged.release.version.clone()),
        staged_kubernetes: report
            .record
            .staged
            .as_ref()
            .and_then(|staged| staged.release.kubernetes.clone()),
        offer: match facts.offers {
            Some(_) => offer(asked, facts),
            None => kept_offer(asked),
        },
        failed: failed.collect(),
        retried,
        seen: None,
    }
}

fn phase(asked: &Asked<'_>, facts: &Facts<'_>) -> (NodePhase, String) {
    let (report, spec) = (facts.report, asked.spec);
    match &report.doing {
        Doing::Restarting => return (NodePhase::Restarting, String::new()),
        Doing::Trial { waiting_for } => return (NodePhase::Trial, waiting_for.join("; ")),
        Doing::Staging(progress) => {
            return (
                NodePhase::Staging,
                format!("{}: {}", progress.version, progress.step),
            );
        }
        Doing::Nothing if report.trial.is_some() => return (NodePhase::Trial, String::new()),
        Doing::Nothing => {}
    }
    let Some(version) = &spec.version else {
        return match facts.refused {
            Some(why) => (NodePhase::Blocked, why.to_owned()),
            None => (NodePhase::Idle, nothing_offered(asked, facts)),
        };
    };
    if report.running.version == *version {
        return (NodePhase::Done, String::new());
    }
    let staged = report.record.staged.as_ref();
    let staged = staged.filter(|staged| staged.release.version == *version);
    let brought = staged.and_then(|staged| staged.brought.as_ref());
    let brought = brought.map(ToString::to_string).unwrap_or_default();
    let staged = staged.is_some();
    match (failure(&report.record, version), facts.refused) {
        (_, Some(why)) if staged && spec.want == Want::Run => (NodePhase::Blocked, why.to_owned()),
        (Some(failed), _) if asked.before.retried >= spec.retry => {
            (NodePhase::Failed, failed.why.join("; "))
        }
        // Whatever was refused meanwhile: this is what was asked for.
        _ if staged => (NodePhase::Staged, brought),
        (_, Some(why)) => (NodePhase::Blocked, why.to_owned()),
        _ => (NodePhase::Idle, String::new()),
    }
}

fn progress(doing: &Doing) -> Option<Progress> {
    let Doing::Staging(progress) = doing else {
        return None;
    };
    let percent = progress.done.saturating_mul(100) / progress.total.max(1);
    Some(Progress {
        step: progress.step.clone(),
        // Each step is a write to the cluster's datastore.
        percent: u8::try_from(percent / 10 * 10).unwrap_or(100).min(100),
    })
}

/// The newest release of the channel that this node takes, or that it runs.
fn offer(asked: &Asked<'_>, facts: &Facts<'_>) -> Option<upgrade_crd::Offer> {
    let channel = asked.spec.channel.as_ref()?;
    let running = &facts.report.running.version;
    let offers = facts.offers?;
    let given = offers.iter().find(|offer| offer.given_by.contains(channel));
    let runs = |offer: &&Offer| offer.version == *running && offer.channels.contains(channel);
    let offer = given.or_else(|| offers.iter().find(runs))?;
    Some(upgrade_crd::Offer {
        channel: channel.clone(),
        source: asked.spec.source.address()?.to_owned(),
        version: offer.version.clone(),
    })
}

/// Until it is looked at again, what was there stands.
fn kept_offer(asked: &Asked<'_>) -> Option<upgrade_crd::Offer> {
    let before = asked.before.offer.clone();
    before.filter(|before| {
        Some(&before.channel) == asked.spec.channel.as_ref()
            && Some(before.source.as_str()) == asked.spec.source.address()
    })
}

fn nothing_offered(asked: &Asked<'_>, facts: &Facts<'_>) -> String {
    let (Some(channel), Some(offers), None) =
        (&asked.spec.channel, facts.offers, offer(asked, facts))
    else {
        return String::new();
    };
    let newest = offers.iter().find(|offer| offer.channels.contains(channel));
    match newest.and_then(|offer| Some((offer, offer.not_because.as_ref()?))) {
        Some((offer, why)) => format!(
            "{} of channel {channel} is not for this node: {why}",
            offer.version
        ),
        None => format!("channel {channel} has no release for this node"),
    }
}

#[cfg(test)]
mod tests;
