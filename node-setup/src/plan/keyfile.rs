//! The text of a NetworkManager profile: GLib's key file format.

use std::fmt::Write;

/// A profile under construction.
#[derive(Debug, Default)]
pub(super) struct Keyfile {
    text: String,
}

impl Keyfile {
    pub(super) fn section(&mut self, name: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "[{name}]");
    }

    pub(super) fn set(&mut self, key: &str, value: impl AsRef<str>) {
        let _ = writeln!(self.text, "{key}={}", escaped(value.as_ref()));
    }

    /// A list, each element closed by a semicolon; nothing when it is empty.
    pub(super) fn list(&mut self, key: &str, values: &[String]) {
        if !values.is_empty() {
            let _ = writeln!(self.text, "{key}={};", values.join(";"));
        }
    }

    /// Bytes that may be anything, as NetworkManager writes them: a list of numbers.
    pub(super) fn bytes(&mut self, key: &str, bytes: &[u8]) {
        let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
        self.list(key, &numbers);
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// GLib reads backslash escapes everywhere and drops blanks at the ends of a value.
fn escaped(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('\t', "\\t");
    match escaped.strip_prefix(' ') {
        Some(rest) => format!("\\s{rest}"),
        None => escaped,
    }
}
