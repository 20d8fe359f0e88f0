//! One request, along redirects: each address on its own way.
//!
//! reqwest asks a proxy for a plain address by its full name and tunnels (CONNECT) to an encrypted one; which proxy, if any, is
//! decided here for each address of a redirect.

#[cfg(test)]
mod tests;

use super::proxy::Proxies;
use super::shown::shown;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use reqwest::header::{AUTHORIZATION, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Proxy, Response};
use rustls::{ClientConfig, RootCertStore};
use std::error::Error;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use url::Url;

/// So many are followed.
const REDIRECTS: u32 = 10;
/// How long one try waits for a connection.
const CONNECTION: Duration = Duration::from_secs(15);

/// An address was not opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    /// There is no way there that may be gone.
    #[error("{0}")]
    NoWay(String),
    /// The server said that it will not give it, with this status.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// Anything else, with its causes.
    #[error("{0}")]
    Failed(String),
}

impl From<reqwest::Error> for OpenError {
    fn from(error: reqwest::Error) -> Self {
        OpenError::Failed(causes(error))
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        OpenError::Failed(error.to_string())
    }
}

/// What a server gives, to be read within the time and size that it was asked with.
#[derive(Debug)]
pub(super) struct Answer {
    response: Response,
    /// What came last, and how much of it was read.
    piece: Vec<u8>,
    read: usize,
    /// So much more is taken.
    left: u64,
    waiting: Waiting,
}

impl Read for Answer {
    /// An answer that is too long ends with [`io::ErrorKind::FileTooLarge`].
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.read == self.piece.len() {
            let next = self.waiting.on(self.response.chunk());
            let next = next.map_err(|error| io::Error::other(causes(error)))?;
            self.piece = next.map_or_else(Vec::new, Into::into);
            self.read = 0;
            let length = self.piece.len() as u64;
            self.left = self
                .left
                .checked_sub(length)
                .ok_or(io::ErrorKind::FileTooLarge)?;
        }
        let count = (&self.piece[self.read..]).read(into)?;
        self.read += count;
        Ok(count)
    }
}

/// Runs what waits, on this thread.
#[derive(Debug)]
struct Waiting(Option<Runtime>);

impl Waiting {
    fn new() -> io::Result<Waiting> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Waiting(Some(runtime)))
    }

    fn on<T>(&self, future: impl Future<Output = T>) -> T {
        let runtime = self.0.as_ref();
        let runtime = runtime.expect("it is taken only when this is dropped");
        runtime.block_on(future)
    }
}

impl Drop for Waiting {
    /// A look-up of a name that hangs in the C library goes on by itself; nobody waits for it.
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Asks for `url`; reading the answer is within `patience`, too, and gives `largest` bytes at most.
pub(super) fn open(
    url: &str,
    patience: Duration,
    largest: u64,
    proxies: &Proxies,
) -> Result<Answer, OpenError> {
    let began = Instant::now();
    let waiting = Waiting::new()?;
    let mut url = Url::parse(url).map_err(|error| OpenError::NoWay(error.to_string()))?;
    for _ in 0..=REDIRECTS {
        let left = patience.saturating_sub(began.elapsed());
        let response = waiting.on(once(&url, left, proxies.of(&url)))?;
        let status = response.status();
        if status.is_client_error() || status.is_server_error() {
            return Err(OpenError::Status(status.as_u16()));
        }
        if !status.is_redirection() {
            return Ok(Answer {
                response,
                piece: Vec::new(),
                read: 0,
                left: largest,
                waiting,
            });
        }
        let next = response.headers().get(LOCATION);
        let next = next.and_then(|next| url.join(next.to_str().ok()?).ok());
        let next = next.ok_or(OpenError::Status(status.as_u16()))?;
        // Who asks for ssh keys by https must not get them from whoever sits on a plain line.
        if url.scheme() == "https" && next.scheme() != "https" {
            let next = shown(next.as_str());
            let why = format!("a redirect from https to http is not followed: {next}");
            return Err(OpenError::NoWay(why));
        }
        url = next;
    }
    Err(OpenError::NoWay("too many redirects".to_owned()))
}

async fn once(url: &Url, patience: Duration, proxy: Option<&str>) -> Result<Response, OpenError> {
    // Left in the address, they would be sent as they are written there: `%40` for `@`.
    let mut plain = url.clone();
    // An address that cannot have them stays as it is.
    let _ = plain.set_username("");
    let _ = plain.set_password(None);
    let mut request = client(patience, proxy)?.get(plain);
    if let Some(login) = login(url) {
        request = request.header(AUTHORIZATION, login);
    }
    Ok(request.send().await?)
}

fn client(patience: Duration, proxy: Option<&str>) -> Result<Client, OpenError> {
    let builder = Client::builder()
        .tls_backend_preconfigured(tls()?)
        .timeout(patience)
        .connect_timeout(patience.min(CONNECTION))
        .user_agent(concat!("holdfast/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy();
    let builder = match proxy {
        Some(proxy) => builder.proxy(Proxy::all(proxy)?),
        None => builder,
    };
    Ok(builder.build()?)
}

/// The authorities of Mozilla's list, which are part of this program.
fn tls() -> Result<ClientConfig, OpenError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| OpenError::Failed(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn login(url: &Url) -> Option<String> {
    let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let user = decoded(url.username());
    let password = url.password().map(decoded);
    (!user.is_empty()).then(|| basic(&user, password.as_deref()))
}

fn basic(user: &str, password: Option<&str>) -> String {
    let login = format!("{user}:{}", password.unwrap_or_default());
    format!("Basic {}", BASE64_STANDARD.encode(login))
}

/// The causes of an error without the address, which the caller names.
fn causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        // Says in a word of the program what the next cause says in full.
        if !text.starts_with("client error (") {
            causes.push(text);
        }
        next = cause.source();
    }
    match causes.is_empty() {
        true => error.to_string(),
        false => causes.join(": "),
    }
}
