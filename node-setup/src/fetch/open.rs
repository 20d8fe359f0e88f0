//! One request, along redirects: each address on its own way.
//!
//! ureq knows one proxy for all addresses, and tunnels (CONNECT) through it to all of them. Proxies commonly allow tunnels to
//! HTTPS ports alone, so a plain address is asked of the proxy itself, by its full name.

use super::full_name::FullName;
use super::proxy::Proxies;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use std::time::{Duration, Instant};
use ureq::config::Config;
use ureq::http::header::{AUTHORIZATION, HOST, LOCATION, PROXY_AUTHORIZATION};
use ureq::http::{Request, Response, Uri};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector, DefaultConnector};
use ureq::{Agent, Body, Error, Proxy};
use url::{Position, Url};

/// As many as ureq follows.
const REDIRECTS: u32 = 10;

/// Asks for `url`; reading the answer is within `patience`, too.
pub(super) fn open(
    url: &str,
    patience: Duration,
    proxies: &Proxies,
) -> Result<Response<Body>, Error> {
    let began = Instant::now();
    let mut url = parsed(url)?;
    for _ in 0..=REDIRECTS {
        let left = patience.saturating_sub(began.elapsed());
        let answer = once(&url, left, proxies.of(&url))?;
        let status = answer.status();
        if !status.is_redirection() {
            return Ok(answer);
        }
        let next = answer.headers().get(LOCATION);
        let next = next.and_then(|next| url.join(next.to_str().ok()?).ok());
        let next = next.ok_or(Error::StatusCode(status.as_u16()))?;
        // Who asks for ssh keys by https must not get them from whoever sits on a plain line.
        if url.scheme() == "https" && next.scheme() != "https" {
            let next = super::shown(next.as_str());
            return Err(Error::BadUri(format!(
                "a redirect from https to http is not followed: {next}"
            )));
        }
        url = next;
    }
    Err(Error::TooManyRedirects)
}

fn parsed(url: &str) -> Result<Url, Error> {
    Url::parse(url).map_err(|error| Error::BadUri(error.to_string()))
}

fn once(url: &Url, patience: Duration, proxy: Option<&str>) -> Result<Response<Body>, Error> {
    let proxy = proxy.map(Proxy::new).transpose()?;
    match proxy {
        Some(proxy) if url.scheme() == "http" => by_full_name(url, patience, &proxy),
        proxy => {
            // Left in the address, they would be sent as they are written there: `%40` for `@`.
            let mut plain = url.clone();
            let mut request = agent(patience, proxy).get(without_login(&mut plain));
            if let Some(login) = login(url) {
                request = request.header(AUTHORIZATION, login);
            }
            request.call()
        }
    }
}

/// The address without name and password; one that cannot have them stays as it is.
fn without_login(url: &mut Url) -> &str {
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.as_str()
}

fn login(url: &Url) -> Option<String> {
    let decoded = |text| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let user = decoded(url.username());
    let password = url.password().map(decoded);
    (!user.is_empty()).then(|| basic(&user, password.as_deref()))
}

fn agent(patience: Duration, proxy: Option<Proxy>) -> Agent {
    settings(patience, proxy).into()
}

fn settings(patience: Duration, proxy: Option<Proxy>) -> Config {
    Agent::config_builder()
        .timeout_global(Some(patience))
        .timeout_connect(Some(patience.min(Duration::from_secs(15))))
        .user_agent(concat!("holdfast/", env!("CARGO_PKG_VERSION")))
        .max_redirects(0)
        .proxy(proxy)
        .build()
}

/// Asks the proxy itself, with the names and passwords of both.
fn by_full_name(url: &Url, patience: Duration, proxy: &Proxy) -> Result<Response<Body>, Error> {
    let connector = DefaultConnector::new().chain(FullName {
        name: format!("http://{}", &url[Position::BeforeHost..Position::AfterPort]),
    });
    let agent = Agent::with_parts(
        settings(patience, None),
        connector,
        DefaultResolver::default(),
    );
    let uri = Uri::builder()
        .scheme(proxy.uri().scheme_str().unwrap_or("http"))
        .authority(format!("{}:{}", proxy.host(), proxy.port()))
        .path_and_query(&url[Position::BeforePath..Position::AfterQuery])
        .build()?;
    let host = &url[Position::BeforeHost..Position::AfterPort];
    let mut request = Request::get(uri).header(HOST, host);
    if let Some(user) = proxy.username() {
        let login = basic(user, proxy.password());
        request = request.header(PROXY_AUTHORIZATION, login);
    }
    if let Some(login) = login(url) {
        request = request.header(AUTHORIZATION, login);
    }
    agent.run(request.body(())?)
}

fn basic(user: &str, password: Option<&str>) -> String {
    let login = format!("{user}:{}", password.unwrap_or_default());
    format!("Basic {}", BASE64_STANDARD.encode(login))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::sync::mpsc::{Receiver, channel};

    /// Answers requests one after another; gives its address, and the requests it got.
    fn server(replies: Vec<String>) -> (String, Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (sender, requests) = channel();
        std::thread::spawn(move || {
            for reply in replies {
                let (mut stream, _) = listener.accept().unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let head = lines.by_ref().map(Result::unwrap);
                let head: Vec<String> = head.take_while(|line| !line.is_empty()).collect();
                sender.send(head.join("\n")).unwrap();
                stream.write_all(reply.as_bytes()).unwrap();
            }
        });
        (address, requests)
    }

    fn reply(head: &str, body: &str) -> String {
        let length = body.len();
        format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
    }

    fn through(proxy: &str) -> Proxies {
        Proxies::read(|name| name.ends_with("_PROXY").then(|| proxy.to_owned()))
    }

    fn fetched(url: &str, proxies: &Proxies) -> Result<String, Error> {
        open(url, Duration::from_secs(5), proxies)?
            .body_mut()
            .read_to_string()
    }

    #[test]
    fn a_plain_address_is_asked_of_the_proxy_by_its_full_name() {
        let (address, requests) = server(vec![reply("200 OK", "hello")]);
        let proxies = through(&format!("http://me:p%40ss@{address}"));
        let body = fetched("http://you:k%40y@config.example:8080/a%20b?c=d#e", &proxies).unwrap();
        assert_eq!(body, "hello");
        let request = requests.recv().unwrap();
        let lines: Vec<String> = request.lines().map(str::to_ascii_lowercase).collect();
        assert_eq!(
            lines[0],
            "get http://config.example:8080/a%20b?c=d http/1.1"
        );
        for (name, value) in [
            ("host", "config.example:8080".to_owned()),
            ("proxy-authorization", basic("me", Some("p@ss"))),
            ("authorization", basic("you", Some("k@y"))),
        ] {
            let of_name = |line: &&String| line.starts_with(&format!("{name}:"));
            let found: Vec<&String> = lines.iter().filter(of_name).collect();
            let expected = format!("{name}: {value}").to_ascii_lowercase();
            assert_eq!(found, [&expected], "{request}");
        }
    }

    #[test]
    fn an_encrypted_address_is_tunnelled_to() {
        let (address, requests) = server(vec![reply("403 Forbidden", "")]);
        let error = fetched(
            "https://config.example/x",
            &through(&format!("http://{address}")),
        )
        .unwrap_err();
        assert!(matches!(error, Error::ConnectProxyFailed(_)), "{error}");
        let request = requests.recv().unwrap();
        assert!(
            request.starts_with("CONNECT config.example:443 HTTP/1.1\n"),
            "{request}"
        );
    }

    #[test]
    fn each_address_of_a_redirect_takes_its_own_way() {
        let (direct, asked_directly) = server(vec![
            reply("302 Found\r\nLocation: /second", ""),
            reply("200 OK", "hello"),
        ]);
        let (proxy, asked) = server(vec![reply(
            &format!("301 Moved\r\nLocation: http://{direct}/first"),
            "",
        )]);
        let proxies = through(&format!("http://{proxy}"));
        assert_eq!(
            fetched("http://config.example/x", &proxies).unwrap(),
            "hello"
        );
        let first_line = |requests: &Receiver<String>| {
            let request = requests.recv().unwrap();
            request.lines().next().unwrap_or_default().to_owned()
        };
        assert_eq!(first_line(&asked), "GET http://config.example/x HTTP/1.1");
        assert_eq!(first_line(&asked_directly), "GET /first HTTP/1.1");
        assert_eq!(first_line(&asked_directly), "GET /second HTTP/1.1");
    }

    #[test]
    fn a_direct_address_is_asked_with_its_login_decoded() {
        let (address, requests) = server(vec![reply("200 OK", "hello")]);
        let nobody = Proxies::read(|_| None);
        fetched(&format!("http://me:p%40ss@{address}/"), &nobody).unwrap();
        let request = requests.recv().unwrap().to_ascii_lowercase();
        let login = basic("me", Some("p@ss")).to_ascii_lowercase();
        assert!(
            request.contains(&format!("authorization: {login}")),
            "{request}"
        );
    }

    #[test]
    fn redirects_come_to_an_end() {
        let round = || reply("302 Found\r\nLocation: /again", "");
        let (address, _requests) = server((0..11).map(|_| round()).collect());
        let error = fetched(&format!("http://{address}/"), &Proxies::default()).unwrap_err();
        assert!(matches!(error, Error::TooManyRedirects), "{error}");
        let (address, _requests) = server(vec![reply("302 Found", "")]);
        let error = fetched(&format!("http://{address}/"), &Proxies::default()).unwrap_err();
        assert!(matches!(error, Error::StatusCode(302)), "{error}");
    }
}
