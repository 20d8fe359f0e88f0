//! External programs: one way to run them, with their command line in every error.

use crate::error::{Error, Result};
use host::{Command, CommandError, Output};
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::Path;

/// Every program of the build host that a build may call, with the Debian package that brings it.
const KNOWN: &[(&str, &str)] = &[
    ("apt-get", "apt"),
    ("/usr/lib/apt/apt-helper", "apt"),
    ("cargo", "cargo"),
    ("depmod", "kmod"),
    ("dpkg-deb", "dpkg"),
    ("git", "git"),
    ("go", "golang-go"),
    ("openssl", "openssl"),
    ("rustc", "rustc"),
    ("sbsign", "sbsigntool"),
    ("unshare", "util-linux"),
];

/// A command to be run without a shell.
pub(crate) struct Program {
    called: Called,
    command: Command,
}

impl Program {
    /// A program by name or path.
    pub(crate) fn new(name: impl AsRef<OsStr>) -> Self {
        let name = name.as_ref();
        let command = Command::new(name).as_long_as_we_run();
        let name = name.to_string_lossy().into_owned();
        Self {
            called: Called {
                line: name.clone(),
                name,
            },
            // Messages and sort orders must not depend on who builds.
            command: command.env("LC_ALL", "C.UTF-8").env("TZ", "UTC"),
        }
    }

    /// Adds arguments.
    pub(crate) fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(self, args: I) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    /// Adds one argument.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.called.line.push(' ');
        self.called.line.push_str(&arg.as_ref().to_string_lossy());
        self.command = self.command.arg(arg);
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command = self.command.env(key, value);
        self
    }

    /// Runs in a folder.
    pub(crate) fn in_folder(mut self, folder: &Path) -> Self {
        self.command = self.command.in_folder(folder);
        self
    }

    /// Runs it and returns its standard output.
    pub(crate) fn stdout(self) -> Result<Vec<u8>> {
        let output = self.command.run_to_any_end();
        let output = output.map_err(|error| self.called.failed(error))?;
        self.called.judge(output)
    }

    /// Runs it and returns its standard output as text.
    pub(crate) fn text(self) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.stdout()?).into_owned())
    }

    /// Runs it and hands its standard output, as it comes, to `read`.
    pub(crate) fn stream<T: Send>(
        self,
        read: impl FnOnce(&mut dyn Read) -> Result<T> + Send,
    ) -> Result<T> {
        let done = self.command.read_by(read);
        let (value, output) = done.map_err(|error| self.called.failed(error))?;
        let value = value?;
        self.called.judge(output)?;
        Ok(value)
    }

    /// Runs it with its standard input written by `write`.
    pub(crate) fn feed(
        self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send,
    ) -> Result<()> {
        let done = self.command.fed_by(write);
        let (written, output) = done.map_err(|error| self.called.failed(error))?;
        // A program that stopped reading says why itself; that is the better message.
        self.called.judge(output)?;
        written.map_err(|source| Error::Write {
            path: self.called.name.into(),
            source,
        })
    }
}

/// What was called, for messages.
struct Called {
    name: String,
    line: String,
}

impl Called {
    fn failed(&self, error: CommandError) -> Error {
        match error {
            CommandError::Start { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                let known = KNOWN.iter().find(|(name, _)| *name == self.name);
                Error::NoProgram {
                    program: self.name.clone(),
                    package: known.map_or("that has it", |(_, package)| package),
                }
            }
            CommandError::Start { source, .. } => self.error(source.to_string(), &[]),
            error => self.error(error.to_string(), &[]),
        }
    }

    fn judge(&self, output: Output) -> Result<Vec<u8>> {
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = match output.stderr.as_slice() {
            [] => &output.stdout,
            errors => errors,
        };
        Err(self.error(output.status.to_string(), said))
    }

    fn error(&self, status: String, said: &[u8]) -> Error {
        Error::Program {
            line: self.line.clone(),
            status,
            stderr: String::from_utf8_lossy(said).into_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_command_line_and_what_it_said() {
        let error = Program::new("sh")
            .args(["-c", "echo no space >&2; exit 3"])
            .stdout()
            .expect_err("exit 3");
        let text = error.to_string();
        assert!(
            text.contains("`sh -c") && text.contains("no space") && text.contains('3'),
            "{text}"
        );
    }

    #[test]
    fn a_missing_program_names_its_package() {
        let error = Program::new("sbsign-that-is-not-there")
            .stdout()
            .expect_err("not there");
        assert!(matches!(error, Error::NoProgram { .. }), "{error}");
    }

    #[test]
    fn feeding_and_reading() {
        let dir = tempfile::tempdir().expect("temp dir");
        let out = dir.path().join("out");
        Program::new("sh")
            .args(["-c", &format!("cat > {}", out.display())])
            .feed(|w| w.write_all(b"abc"))
            .expect("cat");
        assert_eq!(std::fs::read(&out).expect("written"), b"abc");
    }
}
