//! The consoles that people sit at: screen and serial lines.

use init_api::Root;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::termios::{InputModes, LocalModes, OptionalActions, OutputModes, tcgetattr, tcsetattr};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// A longer line is nothing that anybody types; an ssh key has 800 characters at most.
const LONGEST: usize = 4096;

/// A console, and what was typed of a line so far.
#[derive(Debug)]
pub(crate) struct Console {
    pub(crate) name: String,
    file: File,
    typed: Vec<u8>,
}

/// Opens all that the kernel's messages go to, but those `without`.
pub(crate) fn open_all(root: &Root, without: &[String]) -> Vec<Console> {
    let active = root.path("/sys/class/tty/console/active");
    let active = fs::read_to_string(active).unwrap_or_default();
    let names = active.split_whitespace();
    let names = names.filter(|name| without.iter().all(|other| other != name));
    names
        .map(in_front)
        .filter_map(|name| Console::open(&root.path("/dev"), name).ok())
        .collect()
}

/// `tty0` is whichever virtual console is in front: it may be one with a login prompt, which goes on there.
fn in_front(name: &str) -> &str {
    match name {
        "tty0" => "tty1",
        name => name,
    }
}

/// Waits until something was typed; the places of the consoles where.
pub(crate) fn wait(consoles: &[Console], limit: Option<Duration>) -> io::Result<Vec<usize>> {
    let limit = limit.map(Timespec::try_from).transpose();
    let limit = limit.map_err(io::Error::other)?;
    let mut waiting: Vec<PollFd<'_>> = consoles
        .iter()
        .map(|console| PollFd::new(&console.file, PollFlags::IN))
        .collect();
    match poll(&mut waiting, limit.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let typed = waiting.iter().enumerate();
    let typed = typed.filter(|(_, it)| !it.revents().is_empty());
    Ok(typed.map(|(at, _)| at).collect())
}

impl Console {
    fn open(dev: &Path, name: &str) -> io::Result<Self> {
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(flags.bits().cast_signed())
            .open(dev.join(name))?;
        by_lines(&file);
        Ok(Self {
            name: name.to_owned(),
            file,
            typed: Vec::new(),
        })
    }

    /// The next whole line that was typed, if there is one.
    ///
    /// # Errors
    /// The console is gone.
    pub(crate) fn line(&mut self) -> io::Result<Option<String>> {
        let mut buffer = [0; 1024];
        loop {
            match self.file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => self.typed.extend(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(split(&mut self.typed))
    }

    /// Forgets what was typed.
    pub(crate) fn forget(&mut self) {
        while matches!(self.line(), Ok(Some(_))) {}
        self.typed.clear();
    }

    /// Says something.
    ///
    /// # Errors
    /// The console takes nothing.
    pub(crate) fn say(&mut self, text: &str) -> io::Result<()> {
        let mut bytes = text.as_bytes();
        while !bytes.is_empty() {
            match self.file.write(bytes) {
                Ok(count) => bytes = &bytes[count.min(bytes.len())..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.room()?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Waits for room, for a serial line that is slow, and not for one that is held for ever.
    fn room(&self) -> io::Result<()> {
        let limit = Timespec {
            tv_sec: 10,
            tv_nsec: 0,
        };
        match poll(&mut [PollFd::new(&self.file, PollFlags::OUT)], Some(&limit))? {
            0 => Err(io::ErrorKind::TimedOut.into()),
            _ => Ok(()),
        }
    }
}

/// The kernel gives whole lines, shows what is typed, and knows the backspace key. A file in a test cannot be set so.
fn by_lines(file: &File) {
    let Ok(mut modes) = tcgetattr(file) else {
        return;
    };
    modes.input_modes |= InputModes::ICRNL;
    modes.output_modes |= OutputModes::OPOST | OutputModes::ONLCR;
    modes.local_modes |= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ECHOE;
    let _ = tcsetattr(file, OptionalActions::Now, &modes);
}

/// Takes the first whole line out of what was typed, without what is no text: keys like arrows send such.
fn split(typed: &mut Vec<u8>) -> Option<String> {
    let end = typed.iter().position(|byte| *byte == b'\n');
    let Some(end) = end else {
        if typed.len() > LONGEST {
            typed.clear();
        }
        return None;
    };
    let line: Vec<u8> = typed.drain(..=end).collect();
    let line = String::from_utf8_lossy(&line);
    Some(line.chars().filter(|c| !c.is_control()).collect())
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, in_front, split};

    #[test]
    fn a_login_prompt_on_another_virtual_console_is_left_alone() {
        for (name, opened) in [("tty0", "tty1"), ("tty1", "tty1"), ("ttyS0", "ttyS0")] {
            assert_eq!(in_front(name), opened);
        }
    }

    #[test]
    fn lines_are_taken_one_by_one_and_keys_that_are_no_text_are_left_out() {
        let mut typed = b"yes\r\nstore\x1b-17\nba".to_vec();
        assert_eq!(split(&mut typed).as_deref(), Some("yes"));
        assert_eq!(split(&mut typed).as_deref(), Some("store-17"));
        assert_eq!(split(&mut typed), None);
        typed.extend(b"ck\n");
        assert_eq!(split(&mut typed).as_deref(), Some("back"));
        let mut endless = vec![b'a'; LONGEST + 1];
        assert_eq!(split(&mut endless), None);
        assert!(endless.is_empty());
    }
}
