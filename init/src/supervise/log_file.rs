//! A service's log: lines with their time, bounded.

use crate::clock;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Above this the log is set aside as `.1`, and the one set aside before is dropped.
const LARGEST: u64 = 1024 * 1024;
/// A line longer than this is broken.
const LONGEST_LINE: usize = 8 * 1024;

/// Takes a service's output.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    file: Option<File>,
    size: u64,
    largest: u64,
    partial: Vec<u8>,
}

impl LogFile {
    /// A log at `folder`/`name`.log, opened when the first line comes.
    pub(super) fn new(folder: &Path, name: &str) -> Self {
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
    /// Memory or disk is full, or the folder is gone; the bytes are lost.
    pub(super) fn take(&mut self, bytes: &[u8], now: (u64, u32)) -> io::Result<()> {
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
        self.forget_if_elsewhere();
        if self.size.saturating_add(text.len() as u64) > self.largest && self.size > 0 {
            self.set_aside()?;
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
        let written = file.write_all(text);
        self.size += text.len() as u64;
        if written.is_err() {
            // How much of it is there, only the file itself knows.
            self.forget();
        }
        written
    }

    /// The open file is not the one that people see when it was removed, or when a folder of the disk was bound over the
    /// one in memory (`logs.persist`).
    fn forget_if_elsewhere(&mut self) {
        let there = fs::metadata(&self.path).ok();
        let open = self.file.as_ref().and_then(|file| file.metadata().ok());
        let place = |about: fs::Metadata| (about.dev(), about.ino());
        if open.map(place) != there.map(place) {
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.file = None;
        self.size = 0;
    }

    fn set_aside(&mut self) -> io::Result<()> {
        self.forget();
        let mut older = self.path.clone().into_os_string();
        older.push(".1");
        match fs::rename(&self.path, older) {
            // Somebody tidied up.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            renamed => renamed,
        }
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
    fn another_file_in_its_place_is_written_to_from_then_on() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("x.log");
        let read = || fs::read_to_string(&path).expect("read");
        let mut log = LogFile {
            largest: 100,
            ..LogFile::new(folder.path(), "x")
        };
        log.take(b"covered\n", NOW).expect("write");
        // As a folder bound over this one does: the name leads to another file.
        fs::rename(&path, folder.path().join("covered")).expect("covered");
        fs::write(&path, "of the boot before\n").expect("write");
        log.take(b"seen\n", NOW).expect("write");
        assert!(
            read().starts_with("of the boot before\n") && read().ends_with(" seen\n"),
            "{}",
            read()
        );
        // Full, and tidied up by somebody.
        log.take(&[b'a'; 60], NOW).expect("write");
        log.take(b"\n", NOW).expect("write");
        fs::remove_file(&path).expect("removed");
        log.take(b"afterwards\n", NOW).expect("write");
        assert!(read().ends_with(" afterwards\n"), "{}", read());
        for number in 0..9 {
            log.take(format!("line {number}\n").as_bytes(), NOW)
                .expect("bounded again");
        }
        assert!(read().len() <= 100 && read().ends_with(" line 8\n"));
    }

    #[test]
    fn a_log_that_vanishes_when_it_is_set_aside_goes_on() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("x.log");
        let mut log = LogFile::new(folder.path(), "x");
        log.take(b"one\n", NOW).expect("write");
        fs::remove_file(&path).expect("removed");
        log.set_aside().expect("nothing to set aside");
        log.take(b"two\n", NOW).expect("write");
        let text = fs::read_to_string(&path).expect("read");
        assert!(text.ends_with(" two\n"), "{text}");
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
