//! Whom a backup is encrypted to.

use super::files::WritablePath;
use super::text::{Invalid, quoted, text_type, text_value};
use bech32::primitives::decode::CheckedHrpstring;
use bech32::{Bech32, Hrp};
use serde::{Deserialize, Serialize};

text_type! {
    /// A public key of age, `age1…`, as `age-keygen` prints it.
    Recipient, check_recipient,
    const PATTERN: &str = "^age1[02-9ac-hj-np-z]{58}$";
}

impl Recipient {
    /// The X25519 public key.
    pub fn bytes(&self) -> [u8; 32] {
        decoded(&self.0).expect("a recipient is checked when it is made")
    }
}

fn decoded(text: &str) -> Option<[u8; 32]> {
    let key = CheckedHrpstring::new::<Bech32>(text).ok()?;
    let bytes: Vec<u8> = key.byte_iter().collect();
    let fits = key.hrp() == Hrp::parse_unchecked("age") && text.starts_with("age1");
    bytes.try_into().ok().filter(|_| fits)
}

fn check_recipient(text: &str) -> Result<String, Invalid> {
    if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-") {
        return Err(Invalid::new(
            "this is the private key, which must not be on the node",
            "write the public key, which begins with age1; `age-keygen -y FILE` prints it, and keep the private one elsewhere",
        ));
    }
    if decoded(text).is_some() && text.bytes().all(|byte| !byte.is_ascii_uppercase()) {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(
        format!("{} is no public key of age", quoted(text)),
        "write it as `age-keygen` prints it: age1 and 58 letters and digits; one that is mistyped is refused, for nobody could open the backup",
    ))
}

/// Where backups go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum BackupPlace {
    /// The USB stick that is plugged in.
    #[default]
    Usb,
    /// The bucket in `backup.s3`.
    Bucket,
    /// A folder.
    Folder(WritablePath),
}

impl BackupPlace {
    /// Checks `text`.
    ///
    /// # Errors
    /// It is neither `usb`, nor `s3`, nor a path.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text {
            "usb" => Ok(Self::Usb),
            "s3" => Ok(Self::Bucket),
            path => WritablePath::parse(path).map(Self::Folder),
        }
    }
}

impl TryFrom<String> for BackupPlace {
    type Error = Invalid;
    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)
    }
}

impl From<BackupPlace> for String {
    fn from(place: BackupPlace) -> Self {
        match place {
            BackupPlace::Usb => "usb".to_owned(),
            BackupPlace::Bucket => "s3".to_owned(),
            BackupPlace::Folder(path) => path.as_str().to_owned(),
        }
    }
}

text_value! {
    BackupPlace => BackupPlace, BackupPlace::parse,
    const PATTERN: &str = r"^(usb|s3|/(etc|var|home|opt|root|usr/local|run|tmp)(/[^/\x00-\x1f\x7f-\x9f]+)+)$";
}
