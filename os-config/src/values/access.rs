//! Who may log in by ssh: keys, and where they come from.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::text::{Invalid, quoted, text_value};
use super::web::HttpUrl;

/// One entry of `ssh_authorized_keys`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SshKeySource {
    /// A line as in `authorized_keys`: options, type, base64, comment.
    Literal(String),
    /// The keys that a GitHub user has published.
    GitHub(String),
    /// The keys that a GitLab user has published.
    GitLab(String),
    /// A file of `authorized_keys` lines to fetch, by https alone: whoever changes it on the way would be root.
    Url(HttpUrl),
}

impl SshKeySource {
    /// Checks one entry.
    ///
    /// # Errors
    /// [`Invalid`] when it is none of the four forms.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if let Some(user) = text.strip_prefix("github:") {
            return user_name(user).map(Self::GitHub);
        }
        if let Some(user) = text.strip_prefix("gitlab:") {
            return user_name(user).map(Self::GitLab);
        }
        if text.starts_with("https://") {
            return HttpUrl::parse(text).map(Self::Url);
        }
        if text.to_ascii_lowercase().starts_with("http://") {
            return Err(Invalid::new(
                format!("{} is not an https address", quoted(text)),
                "write https://…: on the way, anyone could put in a key of their own, and it would open root's account",
            ));
        }
        literal(text).map(Self::Literal)
    }

    /// The address that the keys are fetched from; `None` for a literal key.
    pub fn url(&self) -> Option<String> {
        match self {
            Self::Literal(_) => None,
            Self::GitHub(user) => Some(format!("https://github.com/{user}.keys")),
            Self::GitLab(user) => Some(format!("https://gitlab.com/{user}.keys")),
            Self::Url(url) => Some(url.as_str().to_owned()),
        }
    }
}

text_value! {
    SshKeySource => Self, Self::parse,
    const PATTERN: &str = r"^\s*(github:|gitlab:|https://)|ssh-ed25519|ssh-rsa|ssh-dss|ecdsa-sha2-nistp";
}

impl fmt::Display for SshKeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(line) => f.write_str(line),
            Self::GitHub(user) => write!(f, "github:{user}"),
            Self::GitLab(user) => write!(f, "gitlab:{user}"),
            Self::Url(url) => f.write_str(url.as_str()),
        }
    }
}

impl TryFrom<String> for SshKeySource {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<SshKeySource> for String {
    fn from(source: SshKeySource) -> Self {
        source.to_string()
    }
}

fn user_name(user: &str) -> Result<String, Invalid> {
    let sound = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if user.is_empty() || user.len() > 255 || !user.bytes().all(sound) {
        return Err(Invalid::new(
            format!("{} is not a user name", quoted(user)),
            "write github:USER or gitlab:USER",
        ));
    }
    Ok(user.to_owned())
}

const KEY_TYPES: [&str; 8] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
    "ssh-dss",
];

fn literal(text: &str) -> Result<String, Invalid> {
    if text.contains("PRIVATE KEY") {
        return Err(Invalid::new(
            "this is a private key",
            "write the public key, the line in the file that ends in .pub, and make a new pair: this one has been seen",
        ));
    }
    if text.contains(['\n', '\r']) {
        return Err(Invalid::new(
            "an ssh key is one line",
            "write each key as its own list entry",
        ));
    }
    if text.contains(|c: char| c.is_control() && c != '\t') {
        return Err(Invalid::new(
            format!("{} has control characters in it", quoted(text)),
            "copy the whole line from the .pub file",
        ));
    }
    // sshd knows no other blanks.
    let words: Vec<&str> = text
        .split([' ', '\t'])
        .filter(|word| !word.is_empty())
        .collect();
    let Some(at) = words.iter().position(|word| KEY_TYPES.contains(word)) else {
        return Err(Invalid::new(
            format!("{} is not an ssh public key", quoted(text)),
            "write a line such as `ssh-ed25519 AAAA… you@laptop`, or github:USER, gitlab:USER, https://…",
        ));
    };
    let body = words.get(at + 1).copied().unwrap_or_default();
    key_body(words[at], body)?;
    Ok(text.to_owned())
}

/// The base64 part of a key is a row of fields, each with its length in front, the first of them the key's type: a key
/// that was cut short or pasted twice is not.
fn key_body(kind: &str, body: &str) -> Result<(), Invalid> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(body)
        .unwrap_or_default();
    let fields = fields(&bytes).unwrap_or_default();
    if fields.len() >= 2 && fields[0] == kind.as_bytes() {
        return Ok(());
    }
    Err(Invalid::new(
        format!(
            "the {kind} key is broken: {} is not its base64 part",
            quoted(body)
        ),
        "copy the whole line from the .pub file",
    ))
}

/// The fields that make up `bytes` exactly.
fn fields(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (field, rest) = rest.split_at_checked(length)?;
        fields.push(field);
        bytes = rest;
    }
    Some(fields)
}
