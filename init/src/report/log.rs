//! Lines for people: on every console at once, and in the kernel's log, where they outlive the stage.

use crate::clock;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::Errno;
use std::cell::{Cell, RefCell};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A console that takes nothing for this long (a serial line held by flow control) loses the rest of the text.
const PATIENCE: Duration = Duration::from_millis(500);

/// Where lines go. Writing never fails and never blocks for long: a log that stops the boot is worse than a lost line.
#[derive(Debug, Default)]
pub(crate) struct Log {
    kernel: Option<File>,
    consoles: Vec<Console>,
    /// Somebody else talks to a person on the consoles.
    quiet: Cell<bool>,
}

#[derive(Debug)]
struct Console {
    path: PathBuf,
    file: RefCell<File>,
    screen: bool,
}

impl Log {
    /// Opens the kernel's log and every active console below `dev` and `sys`.
    pub(crate) fn open(dev: &Path, sys: &Path) -> Self {
        let kernel = OpenOptions::new().write(true).open(dev.join("kmsg")).ok();
        let active = fs::read_to_string(sys.join("class/tty/console/active")).unwrap_or_default();
        let consoles = active
            .split_whitespace()
            .filter_map(|name| Console::open(&dev.join(name), name))
            .collect();
        Self {
            kernel,
            consoles,
            quiet: Cell::default(),
        }
    }

    /// Whether the consoles are left to somebody else; the kernel's log has everything.
    pub(crate) fn be_quiet(&self, quiet: bool) {
        self.quiet.set(quiet);
    }

    /// Whether the consoles are left to somebody else.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet.get()
    }

    /// A step of the boot or a change of a service: consoles and kernel log, with the time since the kernel's start.
    pub(crate) fn line(&self, text: &str) {
        self.say(7, text);
        self.show(text);
    }

    /// A detail: kernel log only.
    pub(crate) fn detail(&self, text: &str) {
        self.say(7, text);
    }

    /// Something is wrong: consoles, and the kernel's log as a warning; of errors the kernel would tell the consoles again.
    pub(crate) fn error(&self, text: &str) {
        self.say(4, text);
        self.show(text);
    }

    /// Text as it is on every screen, cleared first.
    pub(crate) fn on_screens(&self, text: &str) {
        for console in self.consoles.iter().filter(|console| console.screen) {
            console.write(b"\x1b[H\x1b[2J");
            console.write(text.as_bytes());
        }
    }

    /// Text as it is on every serial console.
    pub(crate) fn on_lines(&self, text: &str) {
        for console in self.consoles.iter().filter(|console| !console.screen) {
            console.write(text.as_bytes());
        }
    }

    fn show(&self, text: &str) {
        if self.is_quiet() {
            return;
        }
        let now = clock::since_kernel_start().as_seconds();
        let text = format!("holdfast: [{now:.2}] {text}\n");
        for console in &self.consoles {
            console.write(text.as_bytes());
        }
    }

    /// One record for each line, each in one write: that is how the kernel takes them.
    fn say(&self, level: u8, text: &str) {
        if let Some(mut kernel) = self.kernel.as_ref() {
            for line in text.lines() {
                // The kernel's log is the last resort: there is nowhere left to tell that it failed.
                let _ = kernel.write_all(format!("<{level}>holdfast: {line}\n").as_bytes());
            }
        }
    }
}

impl Console {
    fn open(path: &Path, name: &str) -> Option<Self> {
        let file = RefCell::new(open(path).ok()?);
        let screen = name
            .strip_prefix("tty")
            .is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
        Some(Self {
            path: path.into(),
            file,
            screen,
        })
    }

    fn write(&self, mut bytes: &[u8]) {
        let begin = Instant::now();
        let mut file = self.file.borrow_mut();
        let mut reopened = false;
        while !bytes.is_empty() && begin.elapsed() < PATIENCE {
            match file.write(bytes) {
                Ok(count) => bytes = &bytes[count.min(bytes.len())..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let wait = Timespec {
                        tv_sec: 0,
                        tv_nsec: 50_000_000,
                    };
                    let _ = poll(&mut [PollFd::new(&*file, PollFlags::OUT)], Some(&wait));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A login prompt hangs the line up for all who had it open: the file is dead, the line is not.
                Err(error) if is_hung_up(&error) && !reopened => {
                    let Ok(anew) = open(&self.path) else { return };
                    *file = anew;
                    reopened = true;
                }
                Err(_) => return,
            }
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    OpenOptions::new()
        .write(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

fn is_hung_up(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::IO)
}

#[cfg(test)]
mod tests {
    use super::Log;
    use std::fs;
    use std::os::unix::fs::symlink;

    /// A write to address 0 of a process fails as one to a line that was hung up does.
    const DEAD: &str = "/proc/self/mem";

    #[test]
    fn a_line_that_was_hung_up_is_opened_anew() {
        let folder = tempfile::tempdir().expect("folder");
        let console = folder.path().join("ttyS0");
        let active = folder.path().join("class/tty/console");
        fs::create_dir_all(&active).expect("folder");
        fs::write(active.join("active"), "ttyS0\n").expect("write");
        symlink(DEAD, &console).expect("link");
        let log = Log::open(folder.path(), folder.path());
        log.on_lines("lost: it is dead still\n");

        fs::remove_file(&console).expect("remove");
        fs::write(&console, "").expect("a line that works");
        log.on_lines("one\n");
        log.on_lines("two\n");
        assert_eq!(fs::read_to_string(&console).expect("read"), "one\ntwo\n");
    }
}
