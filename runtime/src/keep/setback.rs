//! A clock that is set back.
//!
//! Tokens of service accounts are valid from the moment they were made, so those that were made before are not valid yet,
//! and who holds them in memory asks for new ones only as time goes forward. Kubernetes is started anew then: the kubelet
//! for the tokens of pods, the controllers for their own. Pods go on.

use super::{Backoff, Keeper, ask, clock};
use crate::Paths;
use crate::services::{CONTROL_PLANE, KUBELET};
use rustix::time::{ClockId, Timespec, clock_gettime};
use std::error::Error;
use std::time::{Duration, SystemTime};
use tracing::info;

const TOPIC: &str = "clock";
/// The API server lets a token be a minute early.
const HARMLESS: i64 = 30;
/// The clock is not expected to get there: only its being set counts.
const NEVER: u64 = 253_402_300_799;

/// How far the clock is ahead of the machine's uptime, in seconds. Nothing but setting the clock changes it: both run at the
/// same speed.
fn ahead() -> i64 {
    let seconds = |clock| -> i64 {
        let Timespec { tv_sec, .. } = clock_gettime(clock);
        tv_sec
    };
    seconds(ClockId::Realtime) - seconds(ClockId::Boottime)
}

/// The latest that the clock was since Kubernetes started.
#[derive(Debug)]
struct Latest(i64);

impl Latest {
    /// Takes in where the clock is now; by how many seconds it is behind, if that matters.
    fn behind(&mut self, now: i64) -> Option<i64> {
        self.0 = self.0.max(now);
        let behind = self.0.saturating_sub(now);
        (behind > HARMLESS).then_some(behind)
    }
}

/// Looks at the clock whenever somebody sets it, and mends.
pub(super) async fn follow(keeper: &Keeper) {
    let mut latest = Latest(ahead());
    let mut backoff = Backoff::new();
    loop {
        match wait_and_mend(&mut latest, &keeper.paths).await {
            Ok(()) => {
                backoff.reset();
                keeper.report.problems(TOPIC, Vec::new());
            }
            Err(error) => {
                let problem = format!(
                    "the clock was set back, and Kubernetes cannot be started anew for it: {error}"
                );
                keeper.report.problems(TOPIC, vec![problem]);
                tokio::time::sleep(backoff.pause()).await;
            }
        }
    }
}

async fn wait_and_mend(latest: &mut Latest, paths: &Paths) -> Result<(), Box<dyn Error>> {
    // Set before the look, so that no change falls between the two.
    let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(NEVER);
    let alarm = clock::alarm(moment)?;
    mend(latest, ahead(), paths)?;
    let _ = alarm.readable().await?;
    Ok(())
}

fn mend(latest: &mut Latest, now: i64, paths: &Paths) -> Result<(), Box<dyn Error>> {
    if let Some(seconds) = latest.behind(now) {
        info!(
            "the clock was set back by {seconds} s: {CONTROL_PLANE} and {KUBELET} start anew, for tokens from before are not valid yet"
        );
        ask::restart(paths, &[CONTROL_PLANE, KUBELET])?;
        *latest = Latest(now);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Latest, mend};
    use crate::Paths;
    use crate::keep::ask::stand_in;

    #[test]
    fn how_far_back() {
        for (case, seen, now, behind) in [
            ("not at all", &[100][..], 100, None),
            ("forward", &[100], 5000, None),
            ("a little", &[100], 70, None),
            ("more", &[100], 69, Some(31)),
            ("years", &[2_000_000_000], 100, Some(1_999_999_900)),
            ("in small steps", &[100, 80, 75], 60, Some(40)),
            ("forward and back again", &[100, 900], 100, Some(800)),
        ] {
            let mut latest = Latest(i64::MIN);
            for seen in seen {
                assert_eq!(latest.behind(*seen), None, "{case}");
            }
            assert_eq!(latest.behind(now), behind, "{case}");
        }
    }

    #[test]
    fn kubernetes_starts_anew_once_and_is_asked_again_when_pid_1_did_not_hear() {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        let mut latest = Latest(1000);
        mend(&mut latest, 0, &paths).expect_err("nobody listens");
        let asked = stand_in::serve_once(&paths);
        mend(&mut latest, 0, &paths).expect("heard");
        let names: Vec<String> = asked.iter().map(|request| format!("{request:?}")).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names[0].contains("control-plane") && names[1].contains("kubelet"));
        mend(&mut latest, 0, &paths).expect("nothing to ask");
    }
}
