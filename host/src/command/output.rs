//! What a command that has ended gave.

use std::process::ExitStatus;

/// How much of what a command said an error repeats, bytes: the end.
const SAID: usize = 600;

/// What a command that has ended gave.
#[derive(Debug, Clone)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The end of what it said for a person: its errors, or its output where there are none.
    pub fn said(&self) -> String {
        let errors = String::from_utf8_lossy(&self.stderr);
        let output = String::from_utf8_lossy(&self.stdout);
        let said = match errors.trim() {
            "" => output.trim(),
            errors => errors,
        };
        tail(said, SAID).to_owned()
    }
}

/// The last `limit` bytes of a text, cut at a character.
fn tail(text: &str, limit: usize) -> &str {
    let mut start = text.len().saturating_sub(limit);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}
