//! A client of the local API server.

use super::error::KeeperError;
use super::report::Report;
use crate::Paths;
use crate::pki::Issued;
use crate::plan::{API_PORT, Credentials, LOCAL_API, kubeconfig};
use kube::config::{Config, KubeConfigOptions, Kubeconfig};
use std::fs;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tracing::info;

const API: &str = "the Kubernetes API";
/// An API that takes the question and never answers must be asked again: the client itself waits for ever.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// A client with a certificate of this node.
pub(super) fn client(paths: &Paths, leaf: &str) -> Result<kube::Client, KeeperError> {
    let read = |path: std::path::PathBuf| {
        fs::read_to_string(&path).map_err(|source| KeeperError::NotPrepared { path, source })
    };
    let issued = Issued::split(&read(paths.leaf(leaf))?);
    let authority = read(paths.trust("ca.crt"))?;
    let credentials = Credentials::Embedded {
        authority: &authority,
        leaf: &issued,
    };
    let refused = |error: &dyn std::fmt::Display| KeeperError::Client(error.to_string());
    let text = kubeconfig(LOCAL_API, leaf, &credentials);
    let kubeconfig = Kubeconfig::from_yaml(&text).map_err(|e| refused(&e))?;
    let config = futures_util::FutureExt::now_or_never(Config::from_custom_kubeconfig(
        kubeconfig,
        &KubeConfigOptions::default(),
    ));
    let mut config = config
        .ok_or_else(|| refused(&"it waits for something"))?
        .map_err(|e| refused(&e))?;
    // The API is on this machine: a proxy for what leaves it must not be asked.
    config.proxy_url = None;
    made_of(config).map_err(|e| refused(&e))
}

fn made_of(config: Config) -> kube::Result<kube::Client> {
    // The crate that reads release repositories brings another provider into the program, and rustls asks which one is meant. That
    // one was chosen before is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    kube::Client::try_from(config)
}

/// Returns when the API says that it is ready.
pub(super) async fn wait_ready(client: &kube::Client, report: &Report) {
    let mut pause = Duration::from_millis(100);
    report.waiting(API);
    info!("waiting for {API}");
    loop {
        // Cheaper than a handshake, and most of the wait is for somebody to listen.
        let listening = TcpStream::connect((Ipv4Addr::LOCALHOST, API_PORT))
            .await
            .is_ok();
        if listening && is_ready(client, ANSWERS_WITHIN).await {
            info!("{API} is ready");
            report.arrived(API);
            return;
        }
        // Nothing announces that the API answers; asking is the only way.
        tokio::time::sleep(pause).await;
        pause = (pause * 3 / 2).min(Duration::from_secs(2));
    }
}

async fn is_ready(client: &kube::Client, patience: Duration) -> bool {
    let answer = client.request_text(http_get("/readyz"));
    matches!(timeout(patience, answer).await, Ok(Ok(_)))
}

fn http_get(path: &str) -> http::Request<Vec<u8>> {
    http::Request::get(path)
        .body(Vec::new())
        .expect("a literal path makes a request")
}

#[cfg(test)]
mod tests {
    use super::{is_ready, made_of};
    use kube::config::Config;
    use std::time::Duration;
    use tokio::net::TcpListener;

    /// With the whole workspace two are; rustls ends a program that has not said which one it means.
    #[tokio::test]
    async fn a_client_is_made_however_many_tls_providers_are_in_the_program() {
        let config = Config::new("https://127.0.0.1:1".parse().expect("an address"));
        made_of(config).expect("a client");
    }

    #[tokio::test]
    async fn an_api_that_never_answers_is_not_waited_for() {
        let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = silent.local_addr().expect("an address");
        let config = Config::new(format!("http://{address}").parse().expect("an address"));
        let client = made_of(config).expect("a client");
        let asked = is_ready(&client, Duration::from_millis(50));
        let asked = tokio::time::timeout(Duration::from_secs(5), asked).await;
        assert_eq!(asked, Ok(false));
    }
}
