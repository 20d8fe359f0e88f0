//! Storage that speaks S3.

use super::text::{Invalid, quoted, text_type};

text_type! {
    /// The name of a bucket: 3 to 63 letters in lower case, digits, dots and dashes.
    ///
    /// Source: Amazon S3 user guide, "General purpose bucket naming rules".
    BucketName, check_bucket,
    const PATTERN: &str = "^[a-z0-9][-a-z0-9.]*[a-z0-9]$";
    const SHORTEST: Option<u32> = Some(3);
    const LONGEST: Option<u32> = Some(63);
}
text_type! {
    /// What stands before the names of files in a bucket: words with slashes between them, none at the ends.
    BucketFolder, check_folder,
    const PATTERN: &str = "^[-A-Za-z0-9_.]+(/[-A-Za-z0-9_.]+)*$";
    const LONGEST: Option<u32> = Some(200);
}
text_type! {
    /// Where a bucket is, in the words of its server: `eu-central-1`.
    Region, check_region,
    const PATTERN: &str = "^[-a-z0-9]+$";
    const LONGEST: Option<u32> = Some(63);
}
text_type! {
    /// The public half of what a server of buckets knows somebody by.
    AccessKey, check_access_key,
    const PATTERN: &str = "^[-A-Za-z0-9_./+=]+$";
    const LONGEST: Option<u32> = Some(128);
    const LOOSE: bool = true;
}

fn check_bucket(text: &str) -> Result<String, Invalid> {
    let ends = |byte: Option<&u8>| {
        byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    let bytes = text.as_bytes();
    let good = (3..=63).contains(&bytes.len())
        && ends(bytes.first())
        && ends(bytes.last())
        && only(text, ".-", |byte| byte.is_ascii_lowercase());
    checked(
        good,
        text,
        "the name of a bucket",
        "write 3 to 63 letters in lower case, digits, dots and dashes, as in shop-backups",
    )
}

fn check_folder(text: &str) -> Result<String, Invalid> {
    let word =
        |word: &str| !word.is_empty() && only(word, "-_.", |byte| byte.is_ascii_alphabetic());
    checked(
        text.len() <= 200 && text.split('/').all(word),
        text,
        "a folder of a bucket",
        "write it as stores/berlin, without a slash at its ends",
    )
}

fn check_region(text: &str) -> Result<String, Invalid> {
    let good = (1..=63).contains(&text.len()) && only(text, "-", |byte| byte.is_ascii_lowercase());
    checked(
        good,
        text,
        "a region",
        "write it as your storage names it, such as eu-central-1; us-east-1 where it names none",
    )
}

fn check_access_key(text: &str) -> Result<String, Invalid> {
    let good =
        (1..=128).contains(&text.len()) && only(text, "-_./+=", |byte| byte.is_ascii_alphabetic());
    checked(
        good,
        text,
        "an access key",
        "write the key's name as your storage shows it; its secret belongs to `secret_key`",
    )
}

/// Whether `text` has digits, what is in `signs`, and what `also` says.
fn only(text: &str, signs: &str, also: impl Fn(u8) -> bool) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_digit() || signs.as_bytes().contains(&byte) || also(byte))
}

fn checked(good: bool, text: &str, what: &str, help: &str) -> Result<String, Invalid> {
    if good {
        return Ok(text.to_owned());
    }
    Err(Invalid::new(
        format!("{} is not {what}", quoted(text)),
        help,
    ))
}
