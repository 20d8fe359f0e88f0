//! Answering whoever asks for the numbers.

use super::Metrics;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tracing::warn;

/// Where; the manifest names it as well.
const PORT: u16 = 8080;
/// So many are answered at a time; the numbers are for one or two.
const MOST: usize = 8;
const PATIENCE: Duration = Duration::from_secs(10);
const FORMAT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers for as long as the controller runs. That nobody can ask is no reason not to upgrade.
pub(crate) async fn serve(metrics: Arc<Metrics>) {
    let listener = match TcpListener::bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, PORT))).await {
        Ok(listener) => listener,
        Err(error) => {
            warn!("no metrics: cannot listen on port {PORT}: {error}");
            return std::future::pending().await;
        }
    };
    accept(listener, metrics).await;
}

async fn accept(listener: TcpListener, metrics: Arc<Metrics>) {
    let mut talks = JoinSet::new();
    loop {
        while talks.len() >= MOST {
            talks.join_next().await;
        }
        match listener.accept().await {
            Ok((stream, _)) => {
                let metrics = metrics.clone();
                talks.spawn(async move {
                    let _ = tokio::time::timeout(PATIENCE, talk(stream, metrics)).await;
                });
            }
            // Of one connection, or of all for a moment: too many files are open.
            Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
        }
        while talks.try_join_next().is_some() {}
    }
}

async fn talk(stream: TcpStream, metrics: Arc<Metrics>) {
    let answer = service_fn(move |request| {
        let answer = answer(&request, &metrics);
        async move { Ok::<_, Infallible>(answer) }
    });
    // Who goes away half-way is nobody's trouble.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}

fn answer(request: &Request<Incoming>, metrics: &Metrics) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    if request.method() == Method::GET && request.uri().path() == "/metrics" {
        *response.body_mut() = Full::from(metrics.text());
        let format = hyper::header::HeaderValue::from_static(FORMAT);
        response.headers_mut().insert(CONTENT_TYPE, format);
    } else {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

#[cfg(test)]
mod tests {
    use super::{Metrics, accept};
    use std::sync::Arc;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    async fn ask(address: std::net::SocketAddr, question: &str) -> String {
        let mut stream = TcpStream::connect(address).await.expect("connected");
        stream.write_all(question.as_bytes()).await.expect("asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("answered");
        answer
    }

    #[tokio::test]
    async fn the_numbers_are_given_and_nothing_else() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let metrics = Arc::new(Metrics::new());
        metrics.step(false);
        let asking = async {
            let good = ask(address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await;
            assert!(good.starts_with("HTTP/1.1 200"), "{good}");
            assert!(
                good.contains("holdfast_upgrade_steps_total{result=\"failed\"} 1"),
                "{good}"
            );
            assert!(good.trim_end().ends_with("# EOF"), "{good}");
            for question in ["GET / HTTP/1.1", "POST /metrics HTTP/1.1"] {
                let answer = ask(address, &format!("{question}\r\nHost: x\r\n\r\n")).await;
                assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
            }
            let nonsense = ask(address, "\r\n\r\nwhat?\r\n\r\n").await;
            assert!(nonsense.starts_with("HTTP/1.1 400"), "{nonsense}");
        };
        tokio::select! {
            () = asking => {}
            () = accept(listener, metrics) => unreachable!("it serves for ever"),
        }
    }
}
