//! A try that did not work.

use crate::error::Error;
use crate::source::shown;
use reqwest::StatusCode;
use url::Url;

/// A try did not work.
#[derive(Debug)]
pub(super) enum Fault {
    /// The next may; why, in words.
    Passing(String),
    /// Nor will the next.
    Final(Error),
}

/// Why an answer is of no use: what may pass is worth another try.
pub(super) fn refusal(url: &Url, status: StatusCode) -> Fault {
    match status.as_u16() {
        408 | 425 | 429 | 500..=599 => Fault::Passing(format!(
            "the server answered with status {}",
            status.as_u16()
        )),
        status => Fault::Final(Error::Refused {
            url: shown(url),
            status,
        }),
    }
}

/// The causes of an error without the address, which the caller names.
pub(super) fn causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut causes = Vec::new();
    let mut next = std::error::Error::source(&error);
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    match causes.is_empty() {
        true => error.to_string(),
        false => causes.join(": "),
    }
}
