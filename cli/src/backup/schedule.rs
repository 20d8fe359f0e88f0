//! Backups that nobody asks for: as often as the configuration says.

use super::last::LastBackup;
use super::place::Place;
use super::{in_force, save};
use host::file;
use init_api::{Root, paths};
use jiff::Timestamp;
use std::thread;
use std::time::Duration;

/// The clock may be set while it is waited.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// A stick may have been plugged in, a share mounted.
const AFTER_A_FAILURE: Duration = Duration::from_secs(900);

/// Makes one whenever it is due, for ever. Why one that is due was not made stands in the log, and in `holdfast status` until one is.
pub(crate) fn keep_making(root: &Root, every: Duration) -> ! {
    loop {
        // A record that cannot be read says nothing: a backup too many does no harm.
        let last: Option<LastBackup> =
            init_api::load_if_present(root.path(paths::LAST_BACKUP)).unwrap_or_default();
        let pause = due(
            last.map(|last| last.made),
            Timestamp::now().as_second(),
            every,
        );
        if !pause.is_zero() {
            thread::sleep(pause.min(LONGEST_WAIT));
            continue;
        }
        match one(root) {
            Ok(said) => crate::out::say!("{said}"),
            Err(error) => {
                let why = format!("{error:#}");
                crate::out::tell!("no backup was made: {why}");
                let told = file::write_in_memory(&root.path(paths::BACKUP_TROUBLE), 0o644, why);
                if let Err(error) = told {
                    crate::out::tell!("cannot write {}: {error}", paths::BACKUP_TROUBLE);
                }
                thread::sleep(AFTER_A_FAILURE);
            }
        }
    }
}

fn one(root: &Root) -> anyhow::Result<String> {
    let config = in_force()?;
    let backup = &config.backup;
    save(
        root,
        Place::configured(&config)?,
        &backup.recipients,
        backup.keep,
    )
}

/// How long until the next one is due. One of the future was made by a clock that was wrong.
fn due(last: Option<i64>, now: i64, every: Duration) -> Duration {
    let Some(age) = last.and_then(|last| u64::try_from(now - last).ok()) else {
        return Duration::ZERO;
    };
    every.saturating_sub(Duration::from_secs(age))
}

#[cfg(test)]
mod tests {
    use super::due;
    use std::time::Duration;

    #[test]
    fn one_is_due_when_the_last_is_old_enough() {
        let day = 24 * 3600;
        for (case, last, wait) in [
            ("none was made", None, 0),
            ("just now", Some(1_000_000), day),
            ("an hour ago", Some(1_000_000 - 3600), day - 3600),
            ("days ago", Some(1), 0),
            ("by a clock that was ahead", Some(2_000_000), 0),
        ] {
            let found = due(last, 1_000_000, Duration::from_secs(day));
            assert_eq!(found, Duration::from_secs(wait), "{case}");
        }
    }
}
