//! A server, and how it is asked.

use super::answer::Answer;
use super::fault::{Fault, causes};
use crate::error::Error;
use crate::source::shown;
use crate::store::effort::Effort;
use reqwest::header::{ACCEPT_ENCODING, HeaderValue, RANGE};
use reqwest::redirect::{Action, Attempt, Policy};
use reqwest::{Client, Method, Request};
use rustls::{ClientConfig, RootCertStore};
use std::ops::Range;
use std::sync::Arc;
use url::Url;

/// So many redirects are followed.
const REDIRECTS: usize = 10;

/// A server, and how it is asked.
#[derive(Debug, Clone)]
pub(super) struct Server {
    base: Url,
    client: Client,
    effort: Effort,
}

impl Server {
    /// Proxies are those of the environment, which PID 1 gives services from the configuration.
    pub(super) fn new(base: Url, effort: Effort) -> Result<Server, Error> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls()?)
            .connect_timeout(effort.connection)
            .user_agent(concat!("holdfast/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::custom(redirect))
            .retry(reqwest::retry::never())
            .build()
            .map_err(|error| Error::Client(causes(error)))?;
        Ok(Server {
            base,
            client,
            effort,
        })
    }

    pub(super) const fn effort(&self) -> Effort {
        self.effort
    }

    pub(super) fn url(&self, path: &str) -> Result<Url, Error> {
        let url = self.base.join(path);
        url.map_err(|error| {
            Error::Repository(format!(
                "{path} does not fit {}: {error}",
                shown(&self.base)
            ))
        })
    }

    /// Asks for a file or a part of it; the answer may be any.
    pub(super) async fn ask(&self, url: &Url, range: Option<Range<u64>>) -> Result<Answer, Fault> {
        let mut request = Request::new(Method::GET, url.clone());
        let headers = request.headers_mut();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(range) = range {
            let bytes = format!("bytes={}-{}", range.start, range.end - 1);
            let bytes = HeaderValue::try_from(bytes);
            headers.insert(RANGE, bytes.expect("digits are a header"));
        }
        let response = tokio::time::timeout(self.effort.stall, self.client.execute(request)).await;
        match response {
            Ok(Ok(response)) => Ok(Answer::new(response, self.effort)),
            Ok(Err(error)) if error.is_redirect() => Err(Fault::Final(Error::Redirect {
                url: shown(url),
                why: causes(error),
            })),
            Ok(Err(error)) => Err(Fault::Passing(causes(error))),
            Err(_) => Err(Fault::Passing(format!(
                "no answer within {:.1} s",
                self.effort.stall.as_secs_f64()
            ))),
        }
    }
}

fn redirect(attempt: Attempt<'_>) -> Action {
    if attempt
        .previous()
        .last()
        .is_some_and(|from| leaves_https(from, attempt.url()))
    {
        let why = format!(
            "a redirect from https is not followed to {}",
            shown(attempt.url())
        );
        return attempt.error(why);
    }
    match attempt.previous().len() > REDIRECTS {
        true => attempt.error("too many redirects"),
        false => attempt.follow(),
    }
}

/// Whoever asks by https must not get an answer from whoever sits on a plain line.
fn leaves_https(from: &Url, to: &Url) -> bool {
    from.scheme() == "https" && to.scheme() != "https"
}

/// The authorities of Mozilla's list, which are part of this program.
fn tls() -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Client(error.to_string()))?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::leaves_https;

    #[test]
    fn a_redirect_from_https_stays_there() {
        for (from, to, leaves) in [
            ("https://a.example/x", "https://b.example/x", false),
            ("https://a.example/x", "http://a.example/x", true),
            ("http://a.example/x", "http://b.example/x", false),
            ("http://a.example/x", "https://a.example/x", false),
        ] {
            let url = |text: &str| text.parse().unwrap();
            assert_eq!(leaves_https(&url(from), &url(to)), leaves, "{from} to {to}");
        }
    }
}
