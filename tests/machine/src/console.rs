//! Following a serial console's log and waiting for what it says.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify;
use rustix::io::Errno;

use crate::{Deadline, Error, Event, Process, Result};

/// Lines of the console that an error message shows.
const TAIL: usize = 15;
/// How soon what is repeated is done again. The boot loader draws its menu anew for each key that it was given meanwhile, and an emulated
/// machine does that slowly.
const AGAIN: Duration = Duration::from_secs(5);

/// One line of the console.
#[derive(Debug, Clone)]
pub struct Line {
    /// The line without control sequences.
    pub text: String,
    /// When it was read, counted from the moment the console was opened.
    pub at: Duration,
}

impl Line {
    /// What it means, if PID 1 printed it.
    #[must_use]
    pub fn event(&self) -> Option<Event> {
        Event::parse(&self.text)
    }
}

/// A reader of the log that QEMU writes the serial port to.
///
/// Every wait goes on where the last one found its line, so that a second `node Ready` is not mistaken for the first.
#[derive(Debug)]
pub struct Console {
    path: PathBuf,
    file: File,
    watch: OwnedFd,
    opened: Instant,
    partial: Vec<u8>,
    lines: Vec<Line>,
    next: usize,
}

impl Console {
    /// Opens the log at `path`, skipping its first `offset` bytes (earlier runs).
    ///
    /// # Errors
    /// When the log cannot be read or watched.
    pub fn open(path: &Path, offset: u64) -> Result<Self> {
        let mut file = File::open(path).map_err(Error::file("read", path))?;
        file.seek(SeekFrom::Start(offset))
            .map_err(Error::file("read", path))?;
        let watch = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK)
            .and_then(|fd| inotify::add_watch(&fd, path, inotify::WatchFlags::MODIFY).map(|_| fd))
            .map_err(|errno| Error::file("watch", path)(errno.into()))?;
        let path = path.to_owned();
        Ok(Self {
            path,
            file,
            watch,
            opened: Instant::now(),
            partial: Vec::new(),
            lines: Vec::new(),
            next: 0,
        })
    }

    /// Waits until `matcher` returns something for a line, and returns that with the line's time.
    ///
    /// # Errors
    /// [`Error::TimedOut`] at the deadline and [`Error::Ended`] when `qemu` ended first, both with the last lines.
    pub fn wait_for<T>(
        &mut self,
        what: &str,
        qemu: &Process,
        deadline: Deadline,
        mut matcher: impl FnMut(&Line) -> Option<T>,
    ) -> Result<(Duration, T)> {
        loop {
            // Asked before reading, so that the last words of a QEMU that ended are still looked at.
            let ended = qemu.ended();
            self.read()?;
            while let Some(line) = self.lines.get(self.next) {
                self.next += 1;
                if let Some(found) = matcher(line) {
                    return Ok((line.at, found));
                }
            }
            self.go_on(what, ended, deadline)?;
            self.wait_for_data(qemu, deadline)?;
        }
    }

    /// Waits for a line that contains `text` and returns that line.
    ///
    /// # Errors
    /// As [`Console::wait_for`].
    pub fn wait_for_text(
        &mut self,
        text: &str,
        qemu: &Process,
        deadline: Deadline,
    ) -> Result<Line> {
        let what = format!("{text:?} on the console");
        let found = self.wait_for(&what, qemu, deadline, |line| {
            line.text.contains(text).then(|| line.clone())
        })?;
        Ok(found.1)
    }

    /// Does `each` again and again until the console shows `text`, on a line or on what is no line yet, as a menu is.
    ///
    /// # Errors
    /// As [`Console::wait_for`], and what `each` fails with.
    pub fn repeat_until_shown(
        &mut self,
        text: &str,
        qemu: &Process,
        deadline: Deadline,
        mut each: impl FnMut() -> Result<()>,
    ) -> Result<()> {
        let what = format!("{text:?} on the console");
        loop {
            let ended = qemu.ended();
            self.read()?;
            let new = self.lines.get(self.next..).unwrap_or_default();
            if new.iter().any(|line| line.text.contains(text))
                || plain(&self.partial).contains(text)
            {
                return Ok(());
            }
            self.go_on(&what, ended, deadline)?;
            each()?;
            self.wait_for_data(qemu, Deadline::after(AGAIN))?;
        }
    }

    /// All lines so far.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The last lines, for messages.
    #[must_use]
    pub fn tail(&self) -> String {
        let said: Vec<&str> = self
            .lines
            .iter()
            .map(|line| line.text.as_str())
            .filter(|text| !text.trim().is_empty())
            .collect();
        said[said.len().saturating_sub(TAIL)..].join("\n")
    }

    /// Whether there is still something to wait for.
    fn go_on(&self, what: &str, ended: bool, deadline: Deadline) -> Result<()> {
        if ended {
            return Err(Error::Ended {
                what: what.to_owned(),
                last: self.tail(),
            });
        }
        if deadline.passed() {
            return Err(Error::TimedOut {
                what: what.to_owned(),
                after: deadline.length(),
                last: self.tail(),
            });
        }
        Ok(())
    }

    /// Sleeps until the log grows, QEMU ends, or the deadline comes.
    fn wait_for_data(&self, qemu: &Process, deadline: Deadline) -> Result<()> {
        let mut fds = [
            PollFd::new(&self.watch, PollFlags::IN),
            PollFd::new(qemu, PollFlags::IN),
        ];
        match poll(&mut fds, Some(&deadline.timespec())) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(Error::file("watch", &self.path)(errno.into())),
        }
        // Events only say "look again", so they are drained unread.
        let mut events = [0u8; 4096];
        while matches!(rustix::io::read(&self.watch, &mut events), Ok(count) if count > 0) {}
        Ok(())
    }

    /// Takes in what the log has grown by.
    fn read(&mut self) -> Result<()> {
        let mut fresh = Vec::new();
        self.file
            .read_to_end(&mut fresh)
            .map_err(Error::file("read", &self.path))?;
        self.partial.extend_from_slice(&fresh);
        let at = self.opened.elapsed();
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let raw: Vec<u8> = self.partial.drain(..=end).collect();
            self.lines.push(Line {
                text: plain(&raw),
                at,
            });
        }
        Ok(())
    }
}

/// Text without line ends and terminal control sequences (firmware and boot loader print many).
fn plain(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    let mut chars = text.chars().peekable();
    let mut out = String::new();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_sequence(&mut chars),
            '\t' => out.push(' '),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out.trim_end().to_owned()
}

/// Skips what follows ESC: `[ parameters letter`, or one character.
fn skip_sequence(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    if chars.next() == Some('[') {
        while chars.next_if(|c| !('@'..='~').contains(c)).is_some() {}
        chars.next();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn ourselves() -> Process {
        Process::open(i32::try_from(std::process::id()).unwrap()).unwrap()
    }

    #[test]
    fn control_sequences_disappear() {
        assert_eq!(
            plain(b"\x1b[2J\x1b[01;01HBdsDxe:\x1b[0m loading\r\n"),
            "BdsDxe: loading"
        );
        assert_eq!(plain(b"plain \xff\n"), "plain \u{fffd}");
    }

    #[test]
    fn waits_go_on_behind_the_last_match_and_see_lines_written_meanwhile() {
        let mut log = tempfile::NamedTempFile::new().unwrap();
        write!(log, "old\nholdfast: node Ready\nholdfast: node").unwrap();
        let mut console = Console::open(log.path(), 4).unwrap();
        let us = ourselves();
        console
            .wait_for_text("node Ready", &us, Deadline::secs(5))
            .unwrap();
        let writer = std::thread::spawn(move || {
            writeln!(log, " Ready again").unwrap();
            log
        });
        let line = console
            .wait_for_text("node Ready", &us, Deadline::secs(20))
            .unwrap();
        assert_eq!(line.text, "holdfast: node Ready again");
        assert_eq!(console.lines().len(), 2);
        writer.join().unwrap();
    }

    #[test]
    fn a_deadline_shows_the_last_lines() {
        let mut log = tempfile::NamedTempFile::new().unwrap();
        writeln!(log, "something else").unwrap();
        let mut console = Console::open(log.path(), 0).unwrap();
        let error = console
            .wait_for_text("Ready", &ourselves(), Deadline::secs(0))
            .unwrap_err();
        assert!(error.is_timeout());
        assert!(error.to_string().ends_with("something else"), "{error}");
    }

    #[test]
    fn the_last_words_of_a_machine_that_ended_are_read() {
        let mut log = tempfile::NamedTempFile::new().unwrap();
        writeln!(log, "holdfast: powering off").unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let ended = Process::open(i32::try_from(child.id()).unwrap()).unwrap();
        assert!(ended.wait(Deadline::secs(10)));
        let mut console = Console::open(log.path(), 0).unwrap();
        console
            .wait_for_text("powering off", &ended, Deadline::secs(10))
            .unwrap();
        let error = console
            .wait_for_text("Ready", &ended, Deadline::secs(10))
            .unwrap_err();
        assert!(matches!(error, Error::Ended { .. }), "{error}");
        child.wait().unwrap();
    }
}
