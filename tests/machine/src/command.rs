//! The one way in which programs of the host are run: output captured, command line in the error.

use std::fs::File;
use std::io;
use std::process::{Command, Output, Stdio};

use crate::{Error, Result};

/// Bytes of standard error that an error message carries.
const STDERR_TAIL: usize = 2000;

/// Runs `command` to its end and returns what it wrote; an exit code other than 0 is an error.
///
/// # Errors
/// [`Error::ProgramMissing`] naming `package`, [`Error::Spawn`], [`Error::Failed`].
pub(crate) fn run(command: &mut Command, package: &'static str) -> Result<Output> {
    let output = try_run(command, package)?;
    checked(command, output)
}

/// Like [`run`], with `input` as standard input.
pub(crate) fn run_with_input(
    command: &mut Command,
    package: &'static str,
    input: File,
) -> Result<Output> {
    let output = command
        .stdin(input)
        .output()
        .map_err(|source| spawn_error(command, package, source))?;
    checked(command, output)
}

fn checked(command: &Command, output: Output) -> Result<Output> {
    if output.status.success() {
        return Ok(output);
    }
    Err(Error::Failed {
        command: shown(command),
        status: output.status.to_string(),
        stderr: tail(&output.stderr),
    })
}

/// Like [`run`], but any exit code is a result.
pub(crate) fn try_run(command: &mut Command, package: &'static str) -> Result<Output> {
    command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| spawn_error(command, package, source))
}

/// Why `command` could not be started.
pub(crate) fn spawn_error(command: &Command, package: &'static str, source: io::Error) -> Error {
    if source.kind() == io::ErrorKind::NotFound {
        return Error::ProgramMissing {
            program: command.get_program().to_string_lossy().into_owned(),
            package,
        };
    }
    Error::Spawn {
        command: shown(command),
        source,
    }
}

/// The command line as a person would type it, without quoting.
fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

fn tail(bytes: &[u8]) -> String {
    let from = bytes.len().saturating_sub(STDERR_TAIL);
    String::from_utf8_lossy(&bytes[from..]).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_carries_command_line_and_standard_error() {
        let error = run(
            Command::new("sh").args(["-c", "echo no >&2; exit 3"]),
            "dash",
        )
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "`sh -c echo no >&2; exit 3` failed (exit status: 3): no"
        );
    }

    #[test]
    fn a_missing_program_names_its_package() {
        let error = run(&mut Command::new("no-such-program-here"), "some-package").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`no-such-program-here` is not installed; install it with `apt-get install some-package`, or run tools/setup"
        );
    }
}
