//! A clock that jumps.
//!
//! Back: tokens of service accounts are valid from the moment they were made, so those that were made before are not valid
//! yet, and who holds them in memory asks for new ones only as time goes forward. Years forward: the API server talks to
//! itself with a certificate that it makes when it starts, for three years, and never renews. Kubernetes is started anew
//! then: the kubelet for the tokens of pods, the control plane for its own and that certificate. Pods go on. Whether their tokens
//! were renewed is looked at afterwards, on the disk.

use super::alarm::alarm;
use super::backoff::Backoff;
use super::context::Keeper;
use super::restart::restart;
use super::tokens;
use crate::Paths;
use crate::services::{CONTROL_PLANE, KUBELET};
use rustix::time::{ClockId, Timespec, clock_gettime};
use std::error::Error;
use std::fmt;
use std::fs;
use std::io;
use std::time::{Duration, SystemTime};
use tracing::{info, warn};

const TOPIC: &str = "clock";
/// The API server lets a token be a minute early.
const HARMLESS: i64 = 30;
/// How long pods may take to have new tokens, after the clock was set or Kubernetes started anew; then they are looked at.
const RENEWED_WITHIN: Duration = Duration::from_secs(100);
/// Well within three years, so that two more pass before the certificate ends.
const YEAR: i64 = 365 * 24 * 60 * 60;
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

/// A jump that Kubernetes does not survive, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Jump {
    Back(i64),
    Forward(i64),
}

impl fmt::Display for Jump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Back(seconds) => write!(
                f,
                "set back by {seconds} s, and tokens from before are not valid yet"
            ),
            Self::Forward(seconds) => write!(
                f,
                "set forward by {seconds} s, and what the API server signs for itself ends three years after it started"
            ),
        }
    }
}

/// Where the clock was since Kubernetes started. It is noted in memory for the next keeper: one that starts anew while the
/// clock is wrong would take that for right, and miss the jump back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    start: i64,
    latest: i64,
}

impl Seen {
    fn from(start: i64) -> Self {
        Self {
            start,
            latest: start,
        }
    }

    /// What the keeper before noted, or else where the clock is `now`.
    fn load(paths: &Paths, now: i64) -> Self {
        let text = fs::read_to_string(paths.clock_seen()).unwrap_or_default();
        let numbers: Option<Vec<i64>> = text.split_whitespace().map(|it| it.parse().ok()).collect();
        match numbers.as_deref() {
            Some([start, latest]) => Self {
                start: *start,
                latest: *latest,
            },
            _ => Self::from(now),
        }
    }

    fn store(self, paths: &Paths) -> io::Result<()> {
        let text = format!("{} {}\n", self.start, self.latest);
        host::file::write_in_memory(&paths.clock_seen(), 0o600, text)
    }

    /// Takes in where the clock is now; tells how far it is off, if that matters.
    fn jump_at(&mut self, now: i64) -> Option<Jump> {
        self.latest = self.latest.max(now);
        let back = self.latest.saturating_sub(now);
        let forward = now.saturating_sub(self.start);
        if back > HARMLESS {
            Some(Jump::Back(back))
        } else {
            (forward > YEAR).then_some(Jump::Forward(forward))
        }
    }
}

/// Compares the clock whenever somebody sets it, and starts Kubernetes anew where that is needed.
pub(super) async fn follow(keeper: &Keeper) {
    let mut seen = Seen::load(&keeper.paths, ahead());
    let mut backoff = Backoff::new();
    loop {
        match wait_and_restart(&mut seen, &keeper.paths).await {
            Ok(()) => {
                backoff.reset();
                keeper.report.problems(TOPIC, Vec::new());
            }
            Err(error) => {
                let problem = format!(
                    "the clock was set, and Kubernetes cannot be restarted for it: {error}"
                );
                keeper.report.problems(TOPIC, vec![problem]);
                tokio::time::sleep(backoff.pause()).await;
            }
        }
    }
}

async fn wait_and_restart(seen: &mut Seen, paths: &Paths) -> Result<(), Box<dyn Error>> {
    // Set before the look, so that no change falls between the two.
    let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(NEVER);
    let clock_set = alarm(moment)?;
    restart_if_jumped(seen, ahead(), paths)?;
    let mut all_renewed = false;
    loop {
        tokio::select! {
            set = clock_set.readable() => return Ok(set.map(drop)?),
            () = tokio::time::sleep(RENEWED_WITHIN), if !all_renewed => {
                all_renewed = renew_tokens(paths, SystemTime::now())?;
            }
        }
    }
}

/// Starts the kubelet anew when pods still hold tokens that begin after `now`; tells whether none do.
fn renew_tokens(paths: &Paths, now: SystemTime) -> Result<bool, Box<dyn Error>> {
    let now = now.duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    let early = tokens::begin_after(paths, now + HARMLESS.unsigned_abs());
    let Some(first) = early.first() else {
        return Ok(true);
    };
    warn!(
        "{} tokens of pods are not valid yet, such as {}: {KUBELET} starts anew for new ones",
        early.len(),
        first.display()
    );
    restart(paths, &[KUBELET])?;
    Ok(false)
}

fn restart_if_jumped(seen: &mut Seen, now: i64, paths: &Paths) -> Result<(), Box<dyn Error>> {
    if let Some(jump) = seen.jump_at(now) {
        info!("the clock was {jump}: {CONTROL_PLANE} and {KUBELET} restart");
        restart(paths, &[CONTROL_PLANE, KUBELET])?;
        *seen = Seen::from(now);
    }
    Ok(seen.store(paths)?)
}

#[cfg(test)]
mod tests {
    use super::{Jump, Seen, YEAR, renew_tokens, restart_if_jumped};
    use crate::Paths;
    use crate::keeper::restart::fake_init;
    use crate::keeper::tokens::samples;
    use std::fs;
    use std::time::{Duration, SystemTime};

    #[test]
    fn how_far_off() {
        use Jump::{Back, Forward};
        for (case, seen, now, jump) in [
            ("not at all", &[100][..], 100, None),
            ("forward", &[100], 5000, None),
            ("a little back", &[100], 70, None),
            ("more", &[100], 69, Some(Back(31))),
            ("years", &[2_000_000_000], 100, Some(Back(1_999_999_900))),
            ("in small steps", &[100, 80, 75], 60, Some(Back(40))),
            ("forward and back again", &[100, 900], 100, Some(Back(800))),
            ("a year forward", &[100], 100 + YEAR, None),
            ("and more", &[100], 101 + YEAR, Some(Forward(YEAR + 1))),
            (
                "forward in steps",
                &[0, YEAR / 2, YEAR],
                YEAR + 9,
                Some(Forward(YEAR + 9)),
            ),
            (
                "far forward, and a little back of it",
                &[0, YEAR],
                YEAR - 10,
                None,
            ),
            (
                "from nowhere",
                &[i64::MIN],
                i64::MAX,
                Some(Forward(i64::MAX)),
            ),
        ] {
            let mut clock = Seen::from(seen[0]);
            for seen in seen {
                assert_eq!(clock.jump_at(*seen), None, "{case}");
            }
            assert_eq!(clock.jump_at(now), jump, "{case}");
        }
    }

    #[test]
    fn pods_with_tokens_of_the_future_get_new_ones() {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000);
        samples::write(&paths, "sound", 2_010);
        assert!(renew_tokens(&paths, now).expect("nothing to ask"));
        samples::write(&paths, "early", 2_031);
        renew_tokens(&paths, now).expect_err("nobody listens");
        let asked = fake_init::serve_once(&paths);
        assert!(
            !renew_tokens(&paths, now).expect("heard"),
            "looked at again"
        );
        let names: Vec<String> = asked.iter().map(|request| format!("{request:?}")).collect();
        assert!(
            names.len() == 1 && names[0].contains("kubelet"),
            "{names:?}"
        );
    }

    #[test]
    fn a_keeper_that_starts_anew_knows_where_the_clock_was() {
        let root = tempfile::tempdir().expect("temp folder");
        let paths = Paths::below(root.path());
        fs::create_dir_all(paths.run()).expect("folder");
        let mut first = Seen::load(&paths, 100);
        assert_eq!(first, Seen::from(100), "nothing is noted");
        // Months ahead: no reason to start anything anew, yet.
        restart_if_jumped(&mut first, YEAR / 2, &paths).expect("noted");
        let mut second = Seen::load(&paths, YEAR / 2);
        let asked = fake_init::serve_once(&paths);
        restart_if_jumped(&mut second, 100, &paths).expect("heard");
        assert_eq!(asked.iter().count(), 2, "the clock went back");
        assert_eq!(Seen::load(&paths, 7), Seen::from(100));
        for damaged in ["", "1", "1 2 3", "x y", "1 99999999999999999999"] {
            fs::write(paths.clock_seen(), damaged).expect("written");
            assert_eq!(Seen::load(&paths, 7), Seen::from(7), "{damaged:?}");
        }
    }

    #[test]
    fn kubernetes_starts_anew_once_and_is_asked_again_when_pid_1_did_not_hear() {
        for (case, start, now) in [("back", 1000, 0), ("years forward", 0, 3 * YEAR)] {
            let root = tempfile::tempdir().expect("temp folder");
            let paths = Paths::below(root.path());
            fs::create_dir_all(paths.run()).expect("folder");
            let mut seen = Seen::from(start);
            restart_if_jumped(&mut seen, now, &paths).expect_err("nobody listens");
            let asked = fake_init::serve_once(&paths);
            restart_if_jumped(&mut seen, now, &paths).expect("heard");
            let names: Vec<String> = asked.iter().map(|request| format!("{request:?}")).collect();
            assert_eq!(names.len(), 2, "{case}: {names:?}");
            assert!(names[0].contains("control-plane") && names[1].contains("kubelet"));
            restart_if_jumped(&mut seen, now, &paths).expect("nothing to ask");
        }
    }
}
