//! What `write_files` may write, and where.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::text::{Invalid, quoted, text_type, text_value};

/// Where a node's file system can be written; everything else is the sealed image.
pub(crate) const WRITABLE: [&str; 8] = [
    "/etc",
    "/var",
    "/home",
    "/opt",
    "/root",
    "/usr/local",
    "/run",
    "/tmp",
];

/// Holdfast's own places: a file put there would be overwritten, or would break the node.
const OURS: [&str; 2] = ["/run/holdfast", "/var/lib/holdfast"];

/// What the node writes itself so that people can log in: with other content nobody might get in.
const LOGINS: [&str; 4] = [
    "/etc/ssh/sshd_config",
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
];

text_type! {
    /// An absolute path below one of the writable places: `/etc`, `/var`, `/home`, `/opt`, `/root`, `/usr/local`,
    /// `/run`, `/tmp`, but not in Holdfast's own `/run/holdfast` and `/var/lib/holdfast`. No `.`, no `..`, no empty part.
    WritablePath, check_path,
    const PATTERN: &str = r"^/(etc|var|home|opt|root|usr/local|run|tmp)(/[^/\x00-\x1f\x7f-\x9f]+)+$";
}

fn check_path(text: &str) -> Result<String, Invalid> {
    let Some(relative) = text.strip_prefix('/') else {
        return Err(Invalid::new(
            format!("{} is not an absolute path", quoted(text)),
            "begin it with a slash, as in /etc/motd",
        ));
    };
    if text.contains('\0') || text.chars().any(char::is_control) {
        return Err(Invalid::new(
            format!("{} holds a control character", quoted(text)),
            "write the path plainly",
        ));
    }
    if text.len() > 4095 || relative.split('/').any(|part| part.len() > 255) {
        return Err(Invalid::new(
            format!("{} is too long for a path", quoted(text)),
            "use at most 255 bytes for a name",
        ));
    }
    if relative
        .split('/')
        .any(|part| part.is_empty() || part == "." || part == "..")
    {
        return Err(Invalid::new(
            format!("{} is not a plain path", quoted(text)),
            "leave out \"..\", \".\" and doubled slashes, and name a file at the end",
        ));
    }
    if WRITABLE.contains(&text) {
        return Err(Invalid::new(
            format!("{} is a folder", quoted(text)),
            "name a file in it",
        ));
    }
    let below = |place: &str| {
        text.strip_prefix(place)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    if !WRITABLE.iter().any(|place| below(place)) {
        return Err(Invalid::new(
            format!("{} is in the sealed part of the image", quoted(text)),
            format!("files can be written below {}", WRITABLE.join(", ")),
        ));
    }
    if OURS.iter().any(|place| below(place)) {
        return Err(Invalid::new(
            format!("{} is Holdfast's own", quoted(text)),
            "manifests go into `manifests`, images into `images`; everything else there is made from this file",
        ));
    }
    if LOGINS.contains(&text) {
        return Err(Invalid::new(
            format!(
                "{} is made by the node: with another one, nobody might be able to log in",
                quoted(text)
            ),
            "remove the file: keys are in `ssh_authorized_keys`, the password in `password`",
        ));
    }
    Ok(text.to_owned())
}

/// A file's owner, by name or by number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Owner {
    user: String,
    group: String,
}

impl Owner {
    /// Checks `USER` or `USER:GROUP`; without a group it is the one of the user's name.
    ///
    /// # Errors
    /// [`Invalid`] for anything that is no user or group name and no number.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let (user, group) = text.split_once(':').unwrap_or((text, text));
        let sound = |name: &str| {
            let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
            !name.is_empty()
                && name.len() <= 32
                && !name.starts_with('-')
                && name.bytes().all(inner)
        };
        if !sound(user) || !sound(group) {
            return Err(Invalid::new(
                format!("{} is not an owner", quoted(text)),
                "write USER:GROUP, such as root:root or 1000:1000",
            ));
        }
        Ok(Self {
            user: user.to_owned(),
            group: group.to_owned(),
        })
    }

    /// User name or number.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Group name or number.
    pub fn group(&self) -> &str {
        &self.group
    }
}

text_value! {
    Owner => Self, Self::parse,
    const PATTERN: &str = r"^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,31}(:[A-Za-z0-9_.][A-Za-z0-9_.-]{0,31})?$";
    const LOOSE: bool = true;
}

impl Default for Owner {
    fn default() -> Self {
        Self {
            user: "root".to_owned(),
            group: "root".to_owned(),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.user, self.group)
    }
}

impl TryFrom<String> for Owner {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> Self {
        owner.to_string()
    }
}

/// A file's permission bits, 0 to 0o7777. The default is 0644.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct FileMode(u32);

impl FileMode {
    /// Checks three or four octal digits, with or without `0o`.
    ///
    /// # Errors
    /// [`Invalid`] for anything else.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let digits = text.strip_prefix("0o").unwrap_or(text);
        let plain = (3..=5).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        match u32::from_str_radix(digits, 8) {
            Ok(bits) if plain && bits <= 0o7777 => Ok(Self(bits)),
            _ => Err(Invalid::new(
                format!("{} are not file permissions", quoted(text)),
                "write octal digits in quotes, such as \"0644\" or \"0600\"",
            )),
        }
    }

    /// The bits, as for chmod(2).
    pub fn bits(self) -> u32 {
        self.0
    }
}

text_value! {
    FileMode => Self, Self::parse,
    const PATTERN: &str = r"^(0o)?0?[0-7]{3,4}$";
    const LOOSE: bool = true;
}

impl Default for FileMode {
    fn default() -> Self {
        Self(0o644)
    }
}

impl TryFrom<u32> for FileMode {
    type Error = Invalid;
    fn try_from(bits: u32) -> Result<Self, Invalid> {
        if bits <= 0o7777 {
            Ok(Self(bits))
        } else {
            Err(Invalid::new(
                format!("{bits:o} is more than four octal digits"),
                "",
            ))
        }
    }
}

impl From<FileMode> for u32 {
    fn from(mode: FileMode) -> Self {
        mode.0
    }
}

/// Bytes, written as base64 in JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Bytes(Vec<u8>);

impl Bytes {
    /// The bytes themselves.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl TryFrom<String> for Bytes {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        STANDARD
            .decode(&text)
            .map(Self)
            .map_err(|error| Invalid::new(format!("not base64: {error}"), ""))
    }
}

impl From<Bytes> for String {
    fn from(bytes: Bytes) -> Self {
        STANDARD.encode(bytes.0)
    }
}
