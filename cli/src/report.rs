//! Errors for a person.

use std::process::ExitCode;

/// Prints an error, one cause a line, and returns the exit code for it (1).
pub fn report(error: &anyhow::Error) -> ExitCode {
    crate::out::tell!("holdfast: {error}");
    for cause in error.chain().skip(1) {
        crate::out::tell!("  because: {cause}");
    }
    ExitCode::FAILURE
}
