//! Turns at a mounted stick: many may read it, and who takes the mount away, to write to the stick or because another one was plugged
//! in, waits until they have ended. The lock goes with the process that has it.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How often a turn is asked for again: the kernel tells nobody how long it was waited.
const AGAIN: Duration = Duration::from_millis(200);

/// A turn, until it is dropped.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "held, not used")] File);

impl Turn {
    /// Waits for a turn to read by the lock `at`, as long as it takes.
    ///
    /// # Errors
    /// There can be no such file.
    pub fn reading(at: &Path) -> io::Result<Self> {
        let file = open(at)?;
        file.lock_shared()?;
        Ok(Self(file))
    }

    /// A turn to read, if one can be had now.
    ///
    /// # Errors
    /// As [`Turn::reading`].
    pub fn try_reading(at: &Path) -> io::Result<Option<Self>> {
        let file = open(at)?;
        let locked = file.try_lock_shared();
        had(file, locked)
    }

    /// Waits for a turn alone; none when that took longer than `patience`. `waiting` is called once, before the waiting begins.
    ///
    /// # Errors
    /// As [`Turn::reading`].
    pub fn alone(
        at: &Path,
        patience: Duration,
        waiting: impl FnOnce(),
    ) -> io::Result<Option<Self>> {
        let (begun, mut waiting) = (Instant::now(), Some(waiting));
        loop {
            let file = open(at)?;
            let locked = file.try_lock();
            if let Some(turn) = had(file, locked)? {
                return Ok(Some(turn));
            }
            if let Some(waiting) = waiting.take() {
                waiting();
            }
            let left = patience.saturating_sub(begun.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            thread::sleep(left.min(AGAIN));
        }
    }
}

/// Never removed: a lock on a file that another one has taken the place of keeps nobody out.
fn open(at: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).truncate(false).read(true).write(true);
    options.open(at)
}

fn had(file: File, locked: Result<(), TryLockError>) -> io::Result<Option<Turn>> {
    match locked {
        Ok(()) => Ok(Some(Turn(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::Turn;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    #[test]
    fn readers_share_and_who_takes_the_mount_away_is_alone() {
        let folder = tempfile::tempdir().expect("folder");
        let at = folder.path().join("turns");
        let now = |waited: &mut bool| {
            Turn::alone(&at, Duration::ZERO, || *waited = true).expect("a lock")
        };
        let mut waited = false;
        let first = Turn::reading(&at).expect("a lock");
        let second = Turn::try_reading(&at).expect("a lock");
        assert!(second.is_some(), "two read at once");
        assert!(now(&mut waited).is_none() && waited, "while two read");
        drop(first);
        assert!(now(&mut waited).is_none(), "while one reads");
        drop(second);
        waited = false;
        let alone = now(&mut waited);
        assert!(alone.is_some() && !waited, "nobody reads");
        assert!(Turn::try_reading(&at).expect("a lock").is_none());
        assert!(now(&mut waited).is_none(), "alone is alone");
    }

    #[test]
    fn it_is_waited_for_the_end_of_who_reads() {
        let folder = tempfile::tempdir().expect("folder");
        let at = folder.path().join("turns");
        let reads = Turn::reading(&at).expect("a lock");
        let (tell, told) = mpsc::channel();
        let path = at.clone();
        let taker = thread::spawn(move || {
            let waits = tell.clone();
            let begun = move || waits.send("waits").expect("heard");
            let turn = Turn::alone(&path, Duration::from_secs(60), begun).expect("a lock");
            tell.send("alone").expect("heard");
            turn.is_some()
        });
        assert_eq!(told.recv(), Ok("waits"));
        assert!(told.try_recv().is_err(), "it is not its turn");
        drop(reads);
        assert_eq!(told.recv(), Ok("alone"));
        assert!(taker.join().expect("ended"), "a turn");
        // And who reads waits for it.
        drop(Turn::reading(&at).expect("a lock"));
    }
}
