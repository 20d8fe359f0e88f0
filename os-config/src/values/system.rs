//! Kernel settings, environment and commands.

use serde::{Deserialize, Serialize};

use super::text::{Invalid, quoted, text_type};

text_type! {
    /// A kernel module's name, `br_netfilter`.
    ModuleName, check_module,
    const PATTERN: &str = r"^[A-Za-z0-9_-]{1,64}$";
}
text_type! {
    /// A kernel setting's name with dots or slashes, `net.ipv4.ip_forward`.
    SysctlKey, check_sysctl,
    const PATTERN: &str = r"^[A-Za-z0-9_*:@-]+([./][A-Za-z0-9_*:@-]+)+$";
}
text_type! {
    /// A kernel setting's value: one line.
    SysctlValue, check_line,
    const PATTERN: &str = r"^[^\x00-\x08\x0a-\x1f\x7f-\x9f]*$";
    const LOOSE: bool = true;
}
text_type! {
    /// An environment variable's name.
    EnvName, check_env_name,
    const PATTERN: &str = r"^[A-Za-z_][A-Za-z0-9_]*$";
}
text_type! {
    /// An environment variable's value: one line, as /etc/environment demands.
    EnvValue, check_line,
    const PATTERN: &str = r"^[^\x00-\x08\x0a-\x1f\x7f-\x9f]*$";
    const LOOSE: bool = true;
}

fn check_module(text: &str) -> Result<String, Invalid> {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if text.is_empty() || text.len() > 64 || !text.bytes().all(inner) {
        let help = if text.contains(' ') {
            "write names alone; a module with parameters is loaded by `modprobe NAME PARAMETER=VALUE` in `boot_commands`"
        } else {
            "write it as modprobe takes it, such as br_netfilter, without path and .ko"
        };
        let message = format!("{} is not the name of a kernel module", quoted(text));
        return Err(Invalid::new(message, help));
    }
    Ok(text.to_owned())
}

fn check_sysctl(text: &str) -> Result<String, Invalid> {
    let part = |part: &str| {
        let inner = |b: u8| b.is_ascii_alphanumeric() || b"_-*:@".contains(&b);
        !part.is_empty() && part.bytes().all(inner)
    };
    let parts: Vec<&str> = text.split(['.', '/']).collect();
    if parts.len() < 2 || text.len() > 255 || !parts.into_iter().all(part) {
        return Err(Invalid::new(
            format!("{} is not the name of a kernel setting", quoted(text)),
            "write it as sysctl does, such as net.ipv4.ip_forward",
        ));
    }
    Ok(text.to_owned())
}

fn check_line(text: &str) -> Result<String, Invalid> {
    if text.chars().any(|c| c.is_control() && c != '\t') {
        // The value is not quoted: it may be a secret.
        return Err(Invalid::new(
            "the value is more than one line",
            "write a value of one line",
        ));
    }
    Ok(text.to_owned())
}

fn check_env_name(text: &str) -> Result<String, Invalid> {
    let inner = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let digit = text.starts_with(|c: char| c.is_ascii_digit());
    if text.is_empty() || digit || !text.bytes().all(inner) {
        return Err(Invalid::new(
            format!(
                "{} is not the name of an environment variable",
                quoted(text)
            ),
            "use letters, digits and \"_\", not beginning with a digit",
        ));
    }
    Ok(text.to_owned())
}

/// A command to run: a line for the shell, or a program with its arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", try_from = "RawCommand")]
pub enum Command {
    /// Run as `sh -c LINE`.
    Shell(String),
    /// Run directly: the program, then its arguments.
    Argv(Vec<String>),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawCommand {
    Shell(String),
    Argv(Vec<String>),
}

impl Command {
    /// A line for the shell.
    ///
    /// # Errors
    /// [`Invalid`] when it is blank or holds a NUL.
    pub fn shell(line: &str) -> Result<Self, Invalid> {
        if line.trim().is_empty() || line.contains('\0') {
            return Err(Invalid::new(
                "the command is empty",
                "write a command, or remove the entry",
            ));
        }
        Ok(Self::Shell(line.to_owned()))
    }

    /// A program with its arguments.
    ///
    /// # Errors
    /// [`Invalid`] when there is no program or a NUL somewhere.
    pub fn argv(words: Vec<String>) -> Result<Self, Invalid> {
        let blank = words
            .first()
            .is_none_or(|program| program.trim().is_empty());
        if blank || words.iter().any(|word| word.contains('\0')) {
            return Err(Invalid::new(
                "the command is empty",
                "write the program and its arguments, as in [\"ip\", \"link\"]",
            ));
        }
        Ok(Self::Argv(words))
    }
}

impl TryFrom<RawCommand> for Command {
    type Error = Invalid;
    fn try_from(raw: RawCommand) -> Result<Self, Invalid> {
        match raw {
            RawCommand::Shell(line) => Self::shell(&line),
            RawCommand::Argv(words) => Self::argv(words),
        }
    }
}
