//! Getting a small file over HTTP: bounded in time, size and tries.

mod checked;
mod open;
mod proxy;
mod shown;

use checked::{Checked, OtherContent};
use host::file;
use open::{OpenError, open};
use proxy::Proxies;
pub use shown::shown;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

/// How hard to try.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// How often at most.
    pub tries: u32,
    /// How long one try may take in all.
    pub patience: Duration,
    /// The pause after the first failed try; it doubles each time.
    pub first_pause: Duration,
    /// The largest answer that is taken, bytes.
    pub largest: u64,
}

impl Effort {
    /// For configuration and key files: about a minute in the worst case that a server just does not answer.
    pub const USUAL: Effort = Effort {
        tries: 4,
        patience: Duration::from_secs(15),
        first_pause: Duration::from_secs(1),
        largest: 1 << 20,
    };
    /// For manifests: bundles of operators with their kinds take several megabytes.
    pub const MANIFEST: Effort = Effort {
        patience: Duration::from_secs(60),
        largest: 32 << 20,
        ..Effort::USUAL
    };
}

/// A file could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The server was not reached or did not answer in time, in all tries.
    #[error("{url} could not be reached in {tries} tries")]
    Unreachable {
        /// What was asked for, without name and password.
        url: String,
        /// How often.
        tries: u32,
        /// The last try's reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server said that it will not give it.
    #[error("{url}: the server answered with status {status}")]
    Refused {
        /// What was asked for.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// There is no way there that may be gone.
    #[error("{url}: {reason}")]
    NoWay {
        /// What was asked for.
        url: String,
        /// Why.
        reason: String,
    },
    /// The answer is another one than is wanted.
    #[error(
        "what {url} gave has the SHA-256 {got}, and the configuration says {wanted}: it is not used; correct `sha256` there, or the file"
    )]
    OtherDigest {
        /// What was asked for.
        url: String,
        /// The digest that the configuration names.
        wanted: String,
        /// The digest of what came.
        got: String,
    },
    /// The answer is longer than what is taken.
    #[error("{url}: the answer is longer than {largest} bytes")]
    TooLong {
        /// What was asked for.
        url: String,
        /// The limit.
        largest: u64,
    },
}

/// Fetches `url`; `pause` is called with the time to wait between tries.
///
/// # Errors
/// As [`FetchError`] says. Refusals and oversized answers are not tried again.
pub fn fetch(
    url: &str,
    effort: Effort,
    pause: impl FnMut(Duration),
) -> Result<Vec<u8>, FetchError> {
    fetch_checked(url, effort, None, pause)
}

/// As [`fetch`], and takes only what has the given SHA-256, where one is given.
///
/// # Errors
/// As [`FetchError`] says.
pub fn fetch_checked(
    url: &str,
    effort: Effort,
    sha256: Option<&str>,
    pause: impl FnMut(Duration),
) -> Result<Vec<u8>, FetchError> {
    let proxies = proxies();
    let once = || {
        let mut body = Vec::new();
        let answer = open(url, effort.patience, effort.largest, &proxies)?;
        let mut answer = Checked::new(answer, sha256);
        match answer.read_to_end(&mut body) {
            Ok(_) => Ok(body),
            Err(error) => Err(Failure::of_reading(error, answer)),
        }
    };
    retried(url, effort, pause, once)
}

/// Fetches `url` into a file, whole or not at all, and only if it has the given SHA-256; for large ones, in constant memory.
///
/// # Errors
/// As [`fetch`]; a file that cannot be written counts as unreachable, with the reason.
pub fn to_file(
    url: &str,
    path: &Path,
    sha256: Option<&str>,
    pause: impl FnMut(Duration),
) -> Result<(), FetchError> {
    let effort = Effort {
        patience: Duration::from_secs(3600),
        largest: 64 << 30,
        ..Effort::USUAL
    };
    let proxies = proxies();
    let once = || {
        let answer = open(url, effort.patience, effort.largest, &proxies)?;
        let mut answer = Checked::new(answer, sha256);
        let written = file::write_stream(path, 0o600, &mut answer);
        written.map_err(|error| Failure::of_reading(error, answer))
    };
    retried(url, effort, pause, once)
}

/// The proxies of this process, which PID 1 gave it from the configuration.
fn proxies() -> Proxies {
    Proxies::read(|name| std::env::var(name).ok())
}

/// One try did not work.
enum Failure {
    Opening(OpenError),
    Reading(io::Error),
    Other(OtherContent),
}

impl Failure {
    fn of_reading<R>(error: io::Error, answer: Checked<'_, R>) -> Self {
        let other = answer.other();
        other.map_or(Failure::Reading(error), Failure::Other)
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Failure::Opening(error)
    }
}

fn retried<T>(
    url: &str,
    effort: Effort,
    mut pause: impl FnMut(Duration),
    once: impl Fn() -> Result<T, Failure>,
) -> Result<T, FetchError> {
    let url = shown(url);
    let mut wait = effort.first_pause;
    let mut tried = 0;
    loop {
        tried += 1;
        let source: Box<dyn std::error::Error + Send + Sync> = match once() {
            Ok(answer) => return Ok(answer),
            Err(Failure::Opening(OpenError::Status(status))) if !is_passing(status) => {
                return Err(FetchError::Refused { url, status });
            }
            Err(Failure::Opening(OpenError::NoWay(reason))) => {
                return Err(FetchError::NoWay { url, reason });
            }
            Err(Failure::Reading(error)) if error.kind() == io::ErrorKind::FileTooLarge => {
                let largest = effort.largest;
                return Err(FetchError::TooLong { url, largest });
            }
            Err(Failure::Other(OtherContent { wanted, got })) => {
                return Err(FetchError::OtherDigest { url, wanted, got });
            }
            Err(Failure::Opening(error)) => Box::new(error),
            Err(Failure::Reading(error)) => Box::new(error),
        };
        if tried >= effort.tries {
            return Err(FetchError::Unreachable {
                url,
                tries: tried,
                source,
            });
        }
        pause(wait);
        wait *= 2;
    }
}

/// Statuses that may be different in a moment.
fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

/// The text of an answer.
///
/// # Errors
/// When it is not UTF-8.
pub fn text(body: Vec<u8>) -> io::Result<String> {
    String::from_utf8(body)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    const SHORT: Effort = Effort {
        tries: 3,
        patience: Duration::from_secs(5),
        first_pause: Duration::from_secs(1),
        largest: 16,
    };

    /// Answers one connection after another with the given replies, then closes the door.
    fn server(replies: Vec<&'static str>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/config.yaml", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for reply in replies {
                let (mut stream, _) = listener.accept().unwrap();
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).unwrap();
                stream.write_all(reply.as_bytes()).unwrap();
            }
        });
        url
    }

    const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
    const BUSY: &str = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    const GONE: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    const LONG: &str =
        "HTTP/1.1 200 OK\r\nContent-Length: 20\r\nConnection: close\r\n\r\n01234567890123456789";

    #[test]
    fn what_passes_is_tried_again() {
        let mut pauses = Vec::new();
        let body = fetch(&server(vec![BUSY, GOOD]), SHORT, |wait| pauses.push(wait)).unwrap();
        assert_eq!(body, b"hello");
        assert_eq!(pauses, [Duration::from_secs(1)]);
    }

    #[test]
    fn logins_are_not_shown() {
        for (url, expected) in [
            ("https://host.example/a?b#c", "https://host.example/a?b#c"),
            (
                "https://me:secret@host.example:1/a@b",
                "https://(redacted)@host.example:1/a@b",
            ),
            (
                "https://secret@host.example/",
                "https://(redacted)@host.example/",
            ),
            ("https://:secret@[::1]/", "https://(redacted)@[::1]/"),
            ("/config/config.yaml", "/config/config.yaml"),
        ] {
            assert_eq!(shown(url), expected);
        }
    }

    #[test]
    fn failures_are_named() {
        let cases: [(&str, String, &str); 4] = [
            (
                "refused",
                server(vec![GONE]),
                "the server answered with status 404",
            ),
            (
                "too long",
                server(vec![LONG]),
                "the answer is longer than 16 bytes",
            ),
            // Nothing listens on the discard port.
            (
                "unreachable",
                "http://127.0.0.1:9/x".to_owned(),
                "http://127.0.0.1:9/x could not be reached in 3 tries",
            ),
            (
                "with a password",
                "http://me:secret@127.0.0.1:9/x".to_owned(),
                "http://(redacted)@127.0.0.1:9/x could not be reached in 3 tries",
            ),
        ];
        for (name, url, message) in cases {
            let error = fetch(&url, SHORT, |_| ()).unwrap_err();
            assert!(error.to_string().contains(message), "{name}: {error}");
        }
    }
}
