//! Writing much to a disk that others wait for, too, or reading much from it.
//!
//! What is written lies in memory until the kernel brings it to the disk, and then all of it at once: on a card that takes some
//! megabytes a second, the database of a node waits behind hundreds of them, and its API answers nobody for minutes. So what
//! is written is brought there in parts, and after each the disk is left to others for as long as it took. A disk that is done with a
//! part before anybody notices is not waited for, and gets larger ones: there a pause would only make the work longer. The kernel
//! need not remember what nobody reads again: on a small machine that would push out the programs that run.

use rustix::fs::{Advice, fadvise};
use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

/// Bytes that are on their way at once: what others write waits behind so many at most. The least, for a slow card.
const SMALLEST: u64 = 512 << 10;
/// The most: a good disk loses no time by a flush after so many.
const LARGEST: u64 = 16 << 20;
/// Others who wait so long behind a part do not notice.
const QUICK: Duration = Duration::from_millis(30);
/// Bytes a second: a disk that does less is a card or a stick, on which everybody waits for everybody.
const SLOW: f64 = 25e6;
/// The longest pause. A disk that needs longer for a part has trouble of its own, which waiting does not mend.
const LONGEST: Duration = Duration::from_secs(5);

/// How far what was written is on the disk.
#[derive(Debug)]
pub struct Pace {
    unflushed: u64,
    part: u64,
}

impl Default for Pace {
    /// Nothing is known of the disk yet.
    fn default() -> Self {
        Self {
            unflushed: 0,
            part: SMALLEST,
        }
    }
}

impl Pace {
    /// So many bytes more were written to the file. Tells how long to wait before the next are.
    ///
    /// # Errors
    /// The disk does not take them.
    pub fn after(&mut self, bytes: usize, file: &File) -> io::Result<Duration> {
        self.unflushed += bytes as u64;
        if self.unflushed < self.part {
            return Ok(Duration::ZERO);
        }
        let written = std::mem::take(&mut self.unflushed);
        let began = Instant::now();
        file.sync_data()?;
        // A wish, no more.
        let _ = fadvise(file, 0, None, Advice::DontNeed);
        let took = began.elapsed();
        self.part = next_part(self.part, took);
        Ok(pause(written, took))
    }
}

/// How long to leave the disk to others after so many bytes that took so long.
pub fn pause(bytes: u64, took: Duration) -> Duration {
    match bytes as f64 >= SLOW * took.as_secs_f64() {
        true => Duration::ZERO,
        false => took.min(LONGEST),
    }
}

/// The next part after one that took so long: as large as the disk takes while nobody notices. After one that was slow the next is small:
/// it may have waited behind others, who are there then.
fn next_part(part: u64, took: Duration) -> u64 {
    if took > QUICK {
        return SMALLEST;
    }
    match took <= QUICK / 2 {
        true => (part * 2).min(LARGEST),
        false => part,
    }
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, Pace, QUICK, SMALLEST, next_part, pause};
    use std::io::Write;
    use std::time::Duration;

    /// A disk that takes so many bytes a second: how large the parts become, and which share of the time it is left to others.
    fn steady(bytes_a_second: u64) -> (u64, f64) {
        let (mut part, mut worked, mut paused) = (SMALLEST, Duration::ZERO, Duration::ZERO);
        for _ in 0..100 {
            let took = Duration::from_secs_f64(part as f64 / bytes_a_second as f64);
            worked += took;
            paused += pause(part, took);
            part = next_part(part, took);
        }
        (part, paused.as_secs_f64() / (worked + paused).as_secs_f64())
    }

    #[test]
    fn a_slow_disk_is_left_alone_half_of_the_time_and_a_quick_one_never() {
        for (megabytes, part, share) in [
            (1, SMALLEST, 0.5),
            (4, SMALLEST, 0.5),
            (20, SMALLEST, 0.5),
            (30, SMALLEST, 0.0),
            (100, 2 << 20, 0.0),
            (5000, LARGEST, 0.0),
        ] {
            let (steady_part, steady_share) = steady(megabytes * 1_000_000);
            assert_eq!(steady_part, part, "{megabytes} MB/s");
            assert!(
                (steady_share - share).abs() < 0.01,
                "{megabytes} MB/s: {steady_share}"
            );
        }
    }

    #[test]
    fn a_disk_that_becomes_slow_gets_small_parts_at_once() {
        assert_eq!(next_part(LARGEST, QUICK * 2), SMALLEST);
        let minute = Duration::from_secs(60);
        assert_eq!(pause(LARGEST, minute), Duration::from_secs(5));
        // Read in smaller parts than what is written, a slow disk is a slow disk.
        let took = Duration::from_millis(20);
        assert_eq!(pause(256 << 10, took), took);
    }

    #[test]
    fn what_is_written_is_flushed_in_parts() {
        let mut file = tempfile::tempfile().expect("file");
        let block = vec![7; 64 << 10];
        let (mut pace, mut flushes) = (Pace::default(), 0);
        for _ in 0..256 {
            file.write_all(&block).expect("written");
            pace.after(block.len(), &file).expect("flushed");
            flushes += u32::from(pace.unflushed == 0);
            assert!(pace.unflushed < pace.part, "{pace:?}");
            assert!((SMALLEST..=LARGEST).contains(&pace.part), "{pace:?}");
        }
        // 16 MiB: one, if the first part was all of it, to 32, if each was the smallest.
        assert!((2..=32).contains(&flushes), "{flushes}");
    }
}
