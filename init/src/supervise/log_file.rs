//! A service's log: lines with their time, bounded.

use crate::clock;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Above this the log is set aside as `.1`, and the one set aside before is dropped.
const LARGEST: u64 = 1024 * 1024;
/// A line longer than this is broken.
const LONGEST_LINE: usize = 8 * 1024;

/// Takes a service's output.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: Option<File>,
    size: u64,
    largest: u64,
    partial: Vec<u8>,
}

impl LogFile {
    /// A log at `folder`/`name`.log, opened when the first line comes.
    pub fn new(folder: &Path, name: &str) -> Self {
        Self {
            path: folder.join(format!("{name}.log")),
            file: None,
            size: 0,
            largest: LARGEST,
            partial: Vec::new(),
        }
    }

    /// Takes bytes as they come; whole lines are written with the time of `now`, seconds and milliseconds since 1970.
    ///
    /// # Errors
    /// Memory is full, or the folder is gone; the bytes are lost.
    pub fn take(&mut self, bytes: &[u8], now: (u64, u32)) -> io::Result<()> {
        self.partial.extend_from_slice(bytes);
        let mut text = Vec::new();
        let mut rest = &self.partial[..];
        while let Some(length) = line_end(rest) {
            let (line, after) = rest.split_at(length);
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            text.extend_from_slice(clock::rfc3339(now).as_bytes());
            text.push(b' ');
            text.extend_from_slice(line);
            text.push(b'\n');
            rest = after;
        }
        self.partial = rest.to_vec();
        if text.is_empty() {
            Ok(())
        } else {
            self.write(&text)
        }
    }

    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        if self.size.saturating_add(text.len() as u64) > self.largest && self.size > 0 {
            self.file = None;
            let mut older = self.path.clone().into_os_string();
            older.push(".1");
            fs::rename(&self.path, older)?;
            self.size = 0;
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                if let Some(folder) = self.path.parent() {
                    fs::create_dir_all(folder)?;
                }
                let file = OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(&self.path)?;
                self.size = file.metadata()?.len();
                self.file.insert(file)
            }
        };
        file.write_all(text)?;
        self.size += text.len() as u64;
        Ok(())
    }
}

/// The length of the first line with its end, if it is whole or too long.
fn line_end(bytes: &[u8]) -> Option<usize> {
    let end = bytes
        .iter()
        .take(LONGEST_LINE)
        .position(|b| *b == b'\n')
        .map(|at| at + 1);
    end.or_else(|| (bytes.len() >= LONGEST_LINE).then_some(LONGEST_LINE))
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_LINE, LogFile};
    use std::fs;

    const NOW: (u64, u32) = (1_800_000_000, 7);

    #[test]
    fn lines_get_their_time_and_halves_wait() {
        let folder = tempfile::tempdir().expect("folder");
        let mut log = LogFile::new(folder.path(), "x");
        log.take(b"one\ntw", NOW).expect("write");
        log.take(b"o\n", NOW).expect("write");
        let text = fs::read_to_string(folder.path().join("x.log")).expect("read");
        assert_eq!(
            text,
            "2027-01-15T08:00:00.007Z one\n2027-01-15T08:00:00.007Z two\n"
        );
    }

    #[test]
    fn logs_stay_bounded() {
        let folder = tempfile::tempdir().expect("folder");
        let mut log = LogFile {
            largest: 1000,
            ..LogFile::new(folder.path(), "x")
        };
        for number in 0..100 {
            log.take(format!("line {number}\n").as_bytes(), NOW)
                .expect("write");
        }
        let size = |name: &str| fs::metadata(folder.path().join(name)).expect("file").len();
        assert!(size("x.log") <= 1000 && size("x.log.1") <= 1000);
        let now = fs::read_to_string(folder.path().join("x.log")).expect("read");
        assert!(now.ends_with("line 99\n"));
        assert_eq!(fs::read_dir(folder.path()).expect("folder").count(), 2);
    }

    #[test]
    fn a_line_without_end_is_broken() {
        let folder = tempfile::tempdir().expect("folder");
        let mut log = LogFile::new(folder.path(), "x");
        log.take(&vec![b'a'; LONGEST_LINE * 2 + 5], NOW)
            .expect("write");
        let text = fs::read_to_string(folder.path().join("x.log")).expect("read");
        assert_eq!(text.lines().count(), 2);
    }
}
