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

fn fetched(url: &str, proxies: &Proxies) -> Result<String, OpenError> {
    let mut text = String::new();
    let mut answer = open(url, Duration::from_secs(5), 1 << 20, proxies)?;
    answer.read_to_string(&mut text)?;
    Ok(text)
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
    assert!(error.to_string().contains("tunnel"), "{error}");
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
    assert!(
        matches!(&error, OpenError::NoWay(why) if why == "too many redirects"),
        "{error}"
    );
    let (address, _requests) = server(vec![reply("302 Found", "")]);
    let error = fetched(&format!("http://{address}/"), &Proxies::default()).unwrap_err();
    assert!(matches!(error, OpenError::Status(302)), "{error}");
}
