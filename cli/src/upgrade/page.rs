//! What `holdfast upgrade` shows.

use crate::table::Table;
use init_api::SlotRelease;
use jiff::Timestamp;
use std::fmt::Write;
use upgrade_api::{Doing, Happened, Offer, Progress, Record, Report};

/// How upgrades stand, as a page.
pub(super) fn status(report: &Report) -> String {
    let mut rows = Table::default();
    rows.row(["running", &release(&report.running)]);
    if let Some(trial) = &report.trial {
        let about = format!(
            "{}, boot {} of {}; goes back to {} unless it is confirmed",
            trial.release.version, trial.attempts, trial.tries, trial.good.version
        );
        rows.row(["on trial", &about]);
    }
    if let Some(staged) = &report.record.staged {
        rows.row(["staged", &release(&staged.release)]);
        if let Some(brought) = &staged.brought {
            rows.row(["", &brought.to_string()]);
        }
    }
    if let Some(previous) = &report.record.previous {
        rows.row(["before", &release(previous)]);
    }
    match &report.doing {
        Doing::Nothing => {}
        Doing::Staging(step) => rows.row(["doing", &progress(step)]),
        Doing::Trial { waiting_for } => {
            waiting_for
                .iter()
                .for_each(|line| rows.row(["waiting", line]));
        }
        Doing::Restarting => rows.row(["doing", "restarting"]),
    }
    let mut page = rows.to_string();
    for failed in &report.record.failed {
        let when = time(failed.at_s);
        let _ = writeln!(page, "\nrelease {} failed on {when}:", failed.version);
        for line in &failed.why {
            let _ = writeln!(page, "  {line}");
        }
    }
    page
}

/// What happened, the oldest first.
pub(super) fn history(record: &Record) -> String {
    let mut rows = Table::default();
    for event in &record.events {
        let what = match event.what {
            Happened::Staged => "staged",
            Happened::Activated => "activated",
            Happened::Committed => "confirmed",
            Happened::Failed => "failed",
            Happened::BrokenOff => "activation broken off",
            Happened::Other => "(of a newer release)",
        };
        let details = event.details.join("; ");
        rows.row([&time(event.at_s), &event.version, what, &details]);
    }
    if record.events.is_empty() {
        return "no release was staged or tried on this node yet\n".to_owned();
    }
    rows.to_string()
}

/// What a repository has.
pub(super) fn offers(offers: &[Offer]) -> String {
    let mut rows = Table::default();
    for offer in offers {
        let state = offer.not_because.as_deref().unwrap_or("can be staged");
        let channels = offer.channels.join(", ");
        rows.row([&offer.version, &channels, state, &offer.changelog]);
    }
    if offers.is_empty() {
        return "the repository has no release\n".to_owned();
    }
    rows.to_string()
}

/// How far it is, in steps of ten percent.
pub(super) fn progress(progress: &Progress) -> String {
    let Progress {
        version,
        step,
        done,
        total,
    } = progress;
    let percent = done.saturating_mul(10).checked_div(*total).unwrap_or(0) * 10;
    format!("{version}: {step} {percent}% of {}", megabytes(*total))
}

/// A number of bytes for people.
pub(super) fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn release(release: &SlotRelease) -> String {
    format!("{} in slot {}", release.version, release.slot)
}

fn time(seconds: u64) -> String {
    let at = i64::try_from(seconds).unwrap_or(i64::MAX);
    Timestamp::from_second(at).map_or_else(|_| format!("{seconds} s"), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::{history, progress, status};
    use init_api::{PendingTrial, Slot, SlotRelease};
    use upgrade_api::{Doing, Event, FailedRelease, Happened, Progress, Record, Report};

    fn release(version: &str, slot: Slot) -> SlotRelease {
        SlotRelease {
            version: version.into(),
            slot,
            root_hash: "ab".into(),
            entry: format!("holdfast_{version}.efi"),
            kubernetes: None,
        }
    }

    #[test]
    fn the_page_says_what_runs_what_it_waits_for_and_what_failed() {
        let record = Record {
            previous: Some(release("0.1.0", Slot::A)),
            failed: vec![FailedRelease {
                version: "0.1.5".into(),
                root_hash: "cd".into(),
                why: vec![
                    "it was not confirmed within 600 s".into(),
                    "node a was not ready".into(),
                ],
                at_s: 1_700_000_000,
            }],
            events: vec![Event {
                at_s: 1_700_000_000,
                version: "0.1.5".into(),
                what: Happened::Failed,
                details: vec!["why".into()],
            }],
            ..Record::default()
        };
        let report = Report {
            running: release("0.2.0", Slot::B),
            trial: Some(PendingTrial {
                release: release("0.2.0", Slot::B),
                tries: 3,
                attempts: 1,
                deadline_s: 600,
                good: release("0.1.0", Slot::A),
                rollback: false,
                own_config: false,
                checks: Vec::new(),
            }),
            doing: Doing::Trial {
                waiting_for: vec!["the node is not known yet".into()],
            },
            record,
        };
        assert_eq!(
            status(&report),
            "running   0.2.0 in slot b\n\
             on trial  0.2.0, boot 1 of 3; goes back to 0.1.0 unless it is confirmed\n\
             before    0.1.0 in slot a\n\
             waiting   the node is not known yet\n\
             \nrelease 0.1.5 failed on 2023-11-14T22:13:20Z:\n  it was not confirmed within 600 s\n  node a was not ready\n"
        );
        assert_eq!(
            history(&report.record),
            "2023-11-14T22:13:20Z  0.1.5  failed  why\n"
        );
        assert!(history(&Record::default()).starts_with("no release"));
        let step = Progress {
            version: "0.2.0".into(),
            step: "fetch".into(),
            done: 19,
            total: 100,
        };
        assert_eq!(progress(&step), "0.2.0: fetch 10% of 0.0 MB");
    }
}
