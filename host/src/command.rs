//! Running a command to its end: one way, for all programs of ours.
//!
//! Each has a deadline, a process group of its own that is ended when the deadline is over, and an error that names the
//! command line and what the command said. What it leaves running in the background is not waited for, even when that holds
//! its output open. PID 1's services are no commands in this sense.

mod output;
mod watch;

pub use output::Output;
use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, Child, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;
use watch::Watched;

/// How long a command may take unless it is said otherwise.
const USUAL: Duration = Duration::from_secs(60);

/// A command did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It could not be started.
    #[error("`{line}` could not be started")]
    Start {
        /// Program and arguments.
        line: String,
        /// Why; a program that is not there is [`io::ErrorKind::NotFound`].
        source: io::Error,
    },
    /// It took too long and was killed.
    #[error("`{line}` did not end within {} and was killed", Shown(*.within))]
    TooLong {
        /// Program and arguments.
        line: String,
        /// How long it had.
        within: Duration,
    },
    /// It ended badly.
    #[error("`{line}` ended with {status}{}{said}", if .said.is_empty() { "" } else { ": " })]
    Failed {
        /// Program and arguments.
        line: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it said: of its errors, or of its output where it gave none.
        said: String,
    },
}

/// A command, run without a shell.
#[derive(Debug)]
pub struct Command {
    command: process::Command,
    input: Vec<u8>,
    within: Option<Duration>,
    own_group: bool,
}

impl Command {
    /// A program by name or path. It may take a minute.
    #[expect(clippy::disallowed_methods, reason = "this is what all others use")]
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Command {
            command: process::Command::new(program),
            input: Vec::new(),
            within: Some(USUAL),
            own_group: true,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, arguments: I) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// It runs in this folder.
    #[must_use]
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// It may take however long it takes, and what ends this process at a terminal ends it, too.
    #[must_use]
    pub fn as_long_as_we_run(mut self) -> Self {
        self.own_group = false;
        self.however_long()
    }

    /// Gives it something to read on standard input; otherwise there is nothing.
    #[must_use]
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// It may take so long; then it is ended.
    #[must_use]
    pub fn within(mut self, within: Duration) -> Self {
        self.within = Some(within);
        self
    }

    /// It may take however long it takes.
    #[must_use]
    pub fn however_long(mut self) -> Self {
        self.within = None;
        self
    }

    /// Runs it to a good end.
    ///
    /// # Errors
    /// It could not be started, took too long, or did not end with 0.
    pub fn run(self) -> Result<Output, CommandError> {
        let line = self.line();
        let output = self.run_to_any_end()?;
        if output.status.success() {
            return Ok(output);
        }
        Err(CommandError::Failed {
            line,
            status: output.status,
            said: output.said(),
        })
    }

    /// Runs it to its end, for who can tell good from bad by more than 0.
    ///
    /// # Errors
    /// It could not be started or took too long.
    pub fn run_to_any_end(mut self) -> Result<Output, CommandError> {
        let stdin = if self.input.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        };
        self.command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        self.watched()
    }

    /// Runs it to a good end with this process's own output, so that a log has all it says while it runs.
    ///
    /// # Errors
    /// As [`Command::run`], without what it said.
    pub fn run_shown(mut self) -> Result<(), CommandError> {
        let line = self.line();
        self.command.stdin(Stdio::null());
        let status = self.watched()?.status;
        if status.success() {
            return Ok(());
        }
        Err(CommandError::Failed {
            line,
            status,
            said: String::new(),
        })
    }

    /// Runs it to its end while `read` reads its standard output, in constant memory; gives what `read` gave as well. What it
    /// leaves running in the background keeps `read` waiting when it holds the output open.
    ///
    /// # Errors
    /// It could not be started or took too long.
    pub fn read_by<T: Send>(
        self,
        read: impl FnOnce(&mut dyn Read) -> T + Send,
    ) -> Result<(T, Output), CommandError> {
        self.beside(Stdio::null(), |child| {
            let mut output = child.stdout.take().expect("it is piped");
            move || read(&mut output)
        })
    }

    /// Runs it to its end while `write` writes its standard input, in constant memory; gives what `write` gave as well: an error
    /// when the command stopped reading, which says why itself.
    ///
    /// # Errors
    /// It could not be started or took too long.
    pub fn fed_by<T: Send>(
        self,
        write: impl FnOnce(&mut dyn Write) -> T + Send,
    ) -> Result<(T, Output), CommandError> {
        self.beside(Stdio::piped(), |child| {
            let mut input = child.stdin.take().expect("it is piped");
            move || write(&mut input)
        })
    }

    /// Runs it with a thread beside it that has one of its pipes.
    fn beside<T: Send, W: FnOnce() -> T + Send>(
        mut self,
        stdin: Stdio,
        work: impl FnOnce(&mut Child) -> W,
    ) -> Result<(T, Output), CommandError> {
        self.command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self.spawn().map_err(|source| self.not_started(source))?;
        let work = work(&mut child);
        thread::scope(|threads| {
            let work = threads.spawn(work);
            let output = self.watch(&mut child);
            let done = work.join();
            let done = done.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok((done, output?))
        })
    }

    fn watched(mut self) -> Result<Output, CommandError> {
        let mut child = self.spawn().map_err(|source| self.not_started(source))?;
        self.watch(&mut child)
    }

    fn spawn(&mut self) -> io::Result<Child> {
        if self.own_group {
            self.command.process_group(0);
        }
        self.command.spawn()
    }

    fn not_started(&self, source: io::Error) -> CommandError {
        let line = self.line();
        CommandError::Start { line, source }
    }

    fn watch(&self, child: &mut Child) -> Result<Output, CommandError> {
        let line = self.line();
        match watch::to_its_end(child, &self.input, self.within) {
            Ok(Watched::Ended(output)) => Ok(output),
            Ok(Watched::TooLong(within)) => Err(CommandError::TooLong { line, within }),
            Err(source) => Err(CommandError::Start { line, source }),
        }
    }

    fn line(&self) -> String {
        let words = std::iter::once(self.command.get_program()).chain(self.command.get_args());
        let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
        words.join(" ")
    }
}

/// A time for people: whole seconds, rounded up.
struct Shown(Duration);

impl fmt::Display for Shown {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:.0} s", self.0.as_secs_f64().ceil())
    }
}

#[cfg(test)]
mod tests;
