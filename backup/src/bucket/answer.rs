//! What a server of buckets says, and what it is told of a file.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use reqwest::header::{CONTENT_LENGTH, HeaderMap};
use std::fmt;
use std::io;
use std::path::Path;

/// A server's no.
#[derive(Debug)]
pub struct Refused {
    /// The status of HTTP.
    status: u16,
    /// S3's word for it; empty where it has none.
    code: String,
    /// Its sentence.
    message: String,
}

impl Refused {
    /// From an answer and what it held: XML, or anything.
    pub(super) fn new(status: u16, text: &str) -> Self {
        Self {
            status,
            code: element(text, "Code"),
            message: element(text, "Message"),
        }
    }

    /// What to do about it.
    fn cure(&self) -> &'static str {
        match (self.code.as_str(), self.status) {
            ("RequestTimeTooSkewed" | "RequestExpired", _) => {
                "; the clocks of node and server differ: `holdfast status` shows whether the node's is right"
            }
            ("SignatureDoesNotMatch", _) => "; check `backup.s3.secret_key` and `backup.s3.region`",
            ("InvalidAccessKeyId" | "NotSignedUp", _) => "; check `backup.s3.access_key`",
            ("NoSuchBucket", _) => "; check `backup.s3.bucket`, or make it",
            ("AccessDenied", _) | ("", 403) => {
                "; the key needs the rights to put, list, get and delete in that folder"
            }
            ("NoSuchKey", _) => "; there is no such file in the folder",
            ("", 300..400) => {
                "; check `backup.s3.endpoint` and `backup.s3.region`: it sends elsewhere"
            }
            _ => "",
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {}", self.status)?;
        for part in [&self.code, &self.message] {
            if !part.is_empty() {
                write!(f, ", {part}")?;
            }
        }
        f.write_str(self.cure())
    }
}

/// The text of the first element of that name, in one line, as much as fits into a message. It is only shown.
fn element(text: &str, name: &str) -> String {
    const LONGEST: usize = 200;
    let inner = text
        .split_once(&format!("<{name}>"))
        .and_then(|(_, rest)| rest.split_once(&format!("</{name}>")))
        .map_or("", |(inner, _)| inner);
    inner
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST)
        .collect()
}

/// How long what a server shows is; 0 where it does not say.
pub(super) fn length(headers: &HeaderMap) -> u64 {
    headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok())
        .unwrap_or_default()
}

/// The SHA-256 of a file as S3 writes it.
pub(super) fn base64_sha256(path: &Path) -> io::Result<String> {
    host::digest::sha256_of_file(path).map(|digest| BASE64_STANDARD.encode(digest))
}

#[cfg(test)]
mod tests {
    use super::Refused;

    #[test]
    fn a_no_says_why_and_what_to_do() {
        let xml = |code: &str| {
            format!(
                "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>It says so.</Message></Error>"
            )
        };
        for (status, text, wanted) in [
            (
                403,
                xml("RequestTimeTooSkewed"),
                "status 403, RequestTimeTooSkewed, It says so.; the clocks",
            ),
            (403, xml("SignatureDoesNotMatch"), "secret_key"),
            (404, xml("NoSuchBucket"), "`backup.s3.bucket`"),
            (
                500,
                xml("InternalError"),
                "status 500, InternalError, It says so.",
            ),
            (403, String::new(), "status 403; the key needs"),
            (301, "<html>".to_owned(), "`backup.s3.endpoint`"),
            (502, "<Code>a\u{1b}[2Jb".to_owned(), "status 502"),
            (400, format!("<Code>{}</Code>", "x".repeat(5000)), "xxx"),
        ] {
            let said = Refused::new(status, &text).to_string();
            assert!(said.contains(wanted), "{said}");
            assert!(said.len() < 400 && !said.contains('\u{1b}'), "{said}");
        }
    }
}
