//! External programs: one way to run them, with their command line in every error.

use crate::error::{Error, Result};
use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// Every program of the build host that a build may call, with the Debian package that brings it.
const KNOWN: &[(&str, &str)] = &[
    ("apt-get", "apt"),
    ("/usr/lib/apt/apt-helper", "apt"),
    ("cargo", "cargo"),
    ("depmod", "kmod"),
    ("dpkg-deb", "dpkg"),
    ("git", "git"),
    ("go", "golang-go"),
    ("rustc", "rustc"),
    ("sbsign", "sbsigntool"),
];

/// A command to be run without a shell.
pub(crate) struct Program {
    name: String,
    command: Command,
}

impl Program {
    /// A program by name or path.
    pub(crate) fn new(name: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(name.as_ref());
        // Messages and sort orders must not depend on who builds.
        command.env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
        Self {
            name: name.as_ref().to_string_lossy().into_owned(),
            command,
        }
    }

    /// Adds arguments.
    pub(crate) fn args<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(mut self, args: I) -> Self {
        self.command.args(args);
        self
    }

    /// Adds one argument.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Sets an environment variable.
    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    /// Runs in a folder.
    pub(crate) fn within(mut self, folder: &std::path::Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Runs it and returns its standard output.
    pub(crate) fn stdout(mut self) -> Result<Vec<u8>> {
        let output = self
            .command
            .stdin(Stdio::null())
            .output()
            .map_err(|e| self.not_started(e))?;
        self.judge(output)
    }

    /// Runs it and returns its standard output as text.
    pub(crate) fn text(self) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.stdout()?).into_owned())
    }

    /// Runs it and hands its standard output, as it comes, to `read`.
    pub(crate) fn stream<T>(
        mut self,
        read: impl FnOnce(&mut dyn std::io::Read) -> Result<T>,
    ) -> Result<T> {
        let mut child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| self.not_started(e))?;
        let mut stdout = child.stdout.take().expect("stdout was piped");
        let got = read(&mut stdout);
        drop(stdout);
        let output = child.wait_with_output().map_err(|e| self.not_started(e))?;
        let value = got?;
        self.judge(output)?;
        Ok(value)
    }

    /// Runs it with its standard input written by `write`.
    pub(crate) fn feed(
        mut self,
        write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<()> {
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| self.not_started(e))?;
        let mut stdin = child.stdin.take().expect("stdin was piped");
        let written = write(&mut stdin);
        drop(stdin);
        let output = child.wait_with_output().map_err(|e| self.not_started(e))?;
        // A program that stopped reading says why itself; that is the better message.
        self.judge(output)?;
        written.map_err(|source| Error::Write {
            path: self.name.clone().into(),
            source,
        })
    }

    fn not_started(&self, error: std::io::Error) -> Error {
        if error.kind() == std::io::ErrorKind::NotFound {
            let package = KNOWN
                .iter()
                .find(|(name, _)| *name == self.name)
                .map_or("that has it", |(_, package)| package);
            return Error::NoProgram {
                program: self.name.clone(),
                package,
            };
        }
        Error::Program {
            line: self.line(),
            status: error.to_string(),
            stderr: String::new(),
        }
    }

    fn line(&self) -> String {
        let args = self.command.get_args().map(OsStr::to_string_lossy);
        std::iter::once(self.name.as_str().into())
            .chain(args)
            .collect::<Vec<_>>()
            .join(" ")
    }

    fn judge(&self, output: Output) -> Result<Vec<u8>> {
        if output.status.success() {
            return Ok(output.stdout);
        }
        let stderr = if output.stderr.is_empty() {
            &output.stdout
        } else {
            &output.stderr
        };
        Err(Error::Program {
            line: self.line(),
            status: output.status.to_string(),
            stderr: String::from_utf8_lossy(stderr).into_owned(),
        })
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
