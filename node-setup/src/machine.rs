//! The few things a step does that are not files, behind a trait so that tests can record them.

use crate::reload::{self, Reload};
use crate::{user_command, wifi_country};
use host::{Command, CommandError};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// How long a program of a step may take: waiting for the network is the longest of them.
const LONGEST: Duration = Duration::from_secs(180);

/// Effects on the running machine other than files.
pub trait Machine {
    /// Runs a program to its end.
    ///
    /// # Errors
    /// When it could not be started or did not exit with 0; the message holds the end of its output.
    fn run(&mut self, command: &[String]) -> io::Result<()>;

    /// Runs a command of the user to its end, at most `within`. What it leaves in the background goes on by itself.
    ///
    /// # Errors
    /// When it could not be started, was killed because it took too long, or did not exit with 0. What it says goes where
    /// this process's output goes.
    fn command(&mut self, command: &[String], within: Option<Duration>) -> io::Result<()>;

    /// Tells the kernel its host name.
    ///
    /// # Errors
    /// The kernel's.
    fn set_hostname(&mut self, name: &str) -> io::Result<()>;

    /// Gives an open file to a user and group; `path` is what it is or will be called.
    ///
    /// # Errors
    /// The kernel's.
    fn chown(&mut self, file: &File, path: &Path, uid: u32, gid: u32) -> io::Result<()>;

    /// Shows a directory at a second place.
    ///
    /// # Errors
    /// The kernel's.
    fn bind(&mut self, from: &Path, at: &Path) -> io::Result<()>;

    /// Tells the kernel the country of its radios; one that has none does nothing.
    ///
    /// # Errors
    /// The kernel's.
    fn set_wifi_country(&mut self, country: &str) -> io::Result<()>;

    /// Tells a running service that its files changed.
    ///
    /// # Errors
    /// When the service is not there or its tool fails.
    fn reload(&mut self, what: &Reload) -> io::Result<()>;
}

/// The machine this process runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct ThisMachine;

impl Machine for ThisMachine {
    fn run(&mut self, command: &[String]) -> io::Result<()> {
        let (program, arguments) = command
            .split_first()
            .ok_or_else(|| io::Error::other("no program named"))?;
        let command = Command::new(program).args(arguments).within(LONGEST);
        let output = command.run().map_err(as_io)?;
        // What it said belongs into the log; a closed log is no reason to fail.
        let _ = io::stdout()
            .write_all(&output.stdout)
            .and_then(|()| io::stderr().write_all(&output.stderr));
        Ok(())
    }

    fn command(&mut self, command: &[String], within: Option<Duration>) -> io::Result<()> {
        user_command::run(command, within)
    }

    fn set_hostname(&mut self, name: &str) -> io::Result<()> {
        rustix::system::sethostname(name.as_bytes()).map_err(io::Error::from)
    }

    fn set_wifi_country(&mut self, country: &str) -> io::Result<()> {
        wifi_country::set(country).map(drop)
    }

    fn chown(&mut self, file: &File, _path: &Path, uid: u32, gid: u32) -> io::Result<()> {
        std::os::unix::fs::fchown(file, Some(uid), Some(gid))
    }

    fn bind(&mut self, from: &Path, at: &Path) -> io::Result<()> {
        rustix::mount::mount_bind(from, at).map_err(io::Error::from)
    }

    fn reload(&mut self, what: &Reload) -> io::Result<()> {
        reload::reload(what)
    }
}

/// With the cause in the text: a step's failure is shown with one cause.
pub(crate) fn as_io(error: CommandError) -> io::Error {
    match error {
        CommandError::Start { ref source, .. } => {
            io::Error::new(source.kind(), format!("{error}: {source}"))
        }
        error => io::Error::other(error),
    }
}
