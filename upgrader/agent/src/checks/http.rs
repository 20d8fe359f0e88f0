//! Asking a web server.

use anyhow::{Context, bail};
use reqwest::redirect::Policy;
use std::time::Duration;

/// Who asks.
pub(super) struct Http(reqwest::Client);

impl Http {
    /// A client that gives up after so long. As a kubelet's probes it takes any certificate: what is asked is whether somebody
    /// answers, mostly on this machine, and nothing is told him.
    ///
    /// # Errors
    /// The program has no means for TLS.
    pub(super) fn new(patience: Duration) -> anyhow::Result<Self> {
        // That one was chosen before is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(patience)
            .no_proxy()
            .redirect(Policy::none())
            .tls_danger_accept_invalid_certs(true)
            .build();
        Ok(Self(client.context("cannot ask over HTTP")?))
    }

    /// Whether GET is answered with a status from 200 to 299.
    ///
    /// # Errors
    /// It is not; says how.
    pub(super) async fn answers_well(&self, url: &str) -> anyhow::Result<()> {
        let answer = self.0.get(url).send().await;
        let answer = answer.map_err(|error| anyhow::Error::new(error.without_url()))?;
        let status = answer.status();
        if !status.is_success() {
            bail!("it answered {status}");
        }
        Ok(())
    }
}
