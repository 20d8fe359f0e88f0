//! Writing much to a disk that others wait for, too, or reading much from it.
//!
//! What is written lies in memory until the kernel brings it to the disk, and then all of it at once: on a card that takes some
//! megabytes a second, the database of a node waits behind hundreds of them, and its API answers nobody for minutes. So what
//! is written is brought there in small parts, and after each the disk is left to others for as long as it took. The kernel
//! need not remember what nobody reads again: on a small machine that would push out the programs that run.

use rustix::fs::{Advice, fadvise};
use std::fs::File;
use std::io;
use std::time::{Duration, Instant};

/// Bytes that are on their way at once: what others write waits behind so many at most.
const PART: u64 = 512 << 10;
/// The longest pause. A disk that needs longer for a part has trouble of its own, which waiting does not mend.
const LONGEST: Duration = Duration::from_secs(5);

/// How far what was written is on the disk.
#[derive(Debug, Default)]
pub struct Pace {
    unflushed: u64,
}

impl Pace {
    /// So many bytes more were written to the file. Tells how long to wait before the next are.
    ///
    /// # Errors
    /// The disk does not take them.
    pub fn after(&mut self, bytes: usize, file: &File) -> io::Result<Duration> {
        self.unflushed += bytes as u64;
        if self.unflushed < PART {
            return Ok(Duration::ZERO);
        }
        self.unflushed = 0;
        let began = Instant::now();
        file.sync_data()?;
        // A wish, no more.
        let _ = fadvise(file, 0, None, Advice::DontNeed);
        Ok(pause(began))
    }
}

/// How long to leave the disk to others after work on it that began then.
pub fn pause(began: Instant) -> Duration {
    began.elapsed().min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::{PART, Pace};
    use std::io::Write;
    use std::time::{Duration, Instant};

    #[test]
    fn the_disk_is_left_alone_for_as_long_as_a_part_took() {
        let mut file = tempfile::tempfile().expect("file");
        let block = vec![7; 64 << 10];
        let mut pace = Pace::default();
        let mut pauses = 0;
        for number in 1..=64_u64 {
            file.write_all(&block).expect("written");
            let began = Instant::now();
            let pause = pace.after(block.len(), &file).expect("flushed");
            assert!(pause <= began.elapsed());
            let is_part = (number * block.len() as u64).is_multiple_of(PART);
            assert!(is_part || pause == Duration::ZERO, "{number}: {pause:?}");
            pauses += u32::from(pause > Duration::ZERO);
        }
        assert_eq!(pauses, 8);
    }
}
