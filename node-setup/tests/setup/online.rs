//! What is fetched once the network is up.

use crate::node::TestNode;
use node_setup::policy::sign;
use node_setup::trial::{self, Trial};
use node_setup::{Outcome, online};
use os_config::{Config, HttpUrl, SshKeySource};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

/// A web server whose files can be changed; a path it does not have is 404.
struct Server {
    files: Arc<Mutex<BTreeMap<String, String>>>,
    base: String,
}

impl Server {
    fn new() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let files = Arc::new(Mutex::new(BTreeMap::new()));
        let served = Arc::clone(&files);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &served.lock().unwrap());
            }
        });
        Server { files, base }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn put(&self, path: &str, text: &str) {
        self.files
            .lock()
            .unwrap()
            .insert(path.to_owned(), text.to_owned());
    }

    fn remove(&self, path: &str) {
        self.files.lock().unwrap().remove(path);
    }
}

fn answer(mut stream: TcpStream, files: &BTreeMap<String, String>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    lines.find(|line| line.as_ref().is_ok_and(String::is_empty));
    let (status, body) = match files.get(first.split(' ').nth(1).unwrap()) {
        Some(text) => ("200 OK", text.as_str()),
        None => ("404 Not Found", ""),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
}

fn no_pause(_: Duration) {}

#[test]
fn keys_are_let_in_and_kept() {
    let node = TestNode::new("version: 1\n");
    let server = Server::new();
    server.put("/me", &format!("{KEY} me\n<html>a login page</html>\n"));
    let url = server.url("/me");
    // A configuration names https addresses alone.
    let sources = [SshKeySource::Url(HttpUrl::parse(&url).unwrap())];
    node.configure();
    online::fetch_keys(&node.root, &sources, no_pause).unwrap();
    let fetched = || node.read("etc/ssh/authorized_keys.d/root.fetched");
    assert!(
        fetched().ends_with(&format!("# {url}\n{KEY} me\n")),
        "{}",
        fetched()
    );
    // The server is away: the last copy stands.
    server.remove("/me");
    let error = online::fetch_keys(&node.root, &sources, no_pause).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{url}: the server answered with status 404")
    );
    assert!(fetched().contains("me\n"));
}

#[test]
fn a_page_without_keys_takes_none_away() {
    let node = TestNode::new("version: 1\n");
    let server = Server::new();
    server.put("/me", &format!("{KEY} me\n"));
    let url = server.url("/me");
    let sources = [SshKeySource::Url(HttpUrl::parse(&url).unwrap())];
    node.configure();
    let fetch = || online::fetch_keys(&node.root, &sources, no_pause);
    fetch().unwrap();
    server.put("/me", "<html>who are you?</html>\n");
    let error = fetch().unwrap_err().to_string();
    assert_eq!(error, format!("what {url} gave holds no ssh key"));
    let fetched = node.read("etc/ssh/authorized_keys.d/root.fetched");
    assert!(fetched.contains("me\n"), "{fetched}");
}

#[test]
fn what_a_trial_fetches_replaces_nothing_before_it_is_confirmed() {
    let server = Server::new();
    server.put("/old.yaml", "version: 1\nhostname: old\n");
    server.put("/new.yaml", "version: 1\nhostname: new\n");
    let text = |url: &str| format!("version: 1\nconfig_url: {url}\n");
    let (old, new) = (server.url("/old.yaml"), server.url("/new.yaml"));
    let node = TestNode::new(&text(&old));
    let fetch =
        |url: &str| online::fetch_config(&node.root, &mut node.media(), url, no_pause).unwrap();
    let hostname = || {
        assert_eq!(node.configure(), Outcome::Applied);
        node.read("etc/hostname")
    };
    let later = Trial {
        ends_ms: init_api::Millis(60_000),
    };
    hostname();
    fetch(&old);
    assert_eq!(hostname(), "old\n");

    trial::begin(&node.root, text(&new).as_bytes(), None, later).unwrap();
    assert!(fetch(&new), "a new text has to be applied");
    assert_eq!(hostname(), "new\n");
    // It goes back, where there is no network.
    trial::end(&node.root).unwrap();
    assert_eq!(hostname(), "old\n");

    trial::begin(&node.root, text(&new).as_bytes(), None, later).unwrap();
    fetch(&new);
    trial::end(&node.root).unwrap();
    node.write("config/config.yaml", &text(&new));
    assert_eq!(hostname(), "new\n");
    // A boot later memory is empty.
    let _ = std::fs::remove_file(node.directory.path().join("run/holdfast/from-url.json"));
    assert_eq!(hostname(), "new\n", "what was confirmed is not kept");
}

#[test]
fn fetched_keys_outlast_a_boot_while_they_are_named() {
    let node = TestNode::new("version: 1\nssh_authorized_keys: [github:me]\n");
    node.write(
        "var/lib/holdfast/ssh/fetched-keys.json",
        &format!(r#"{{"github:me": "{KEY} me\n"}}"#),
    );
    let fetched = || node.read("etc/ssh/authorized_keys.d/root.fetched");
    node.configure();
    assert!(
        fetched().contains("me\n"),
        "the copy is not used at the next boot"
    );
    // No longer named: no longer let in.
    node.write("config/config.yaml", "version: 1\n");
    node.configure();
    assert!(!fetched().contains("me\n"));
}

#[test]
fn a_fetched_configuration_is_checked_kept_and_used_without_a_network() {
    let server = Server::new();
    let url = server.url("/node.yaml");
    let node = TestNode::new(&format!(
        "version: 1\nhostname: edge-1\nconfig_url: {url}\n"
    ));
    assert_eq!(node.configure(), Outcome::Applied);
    assert!(
        node.warnings()
            .contains(&format!("{url} has not been fetched yet"))
    );
    let fetch = || online::fetch_config(&node.root, &mut node.media(), &url, no_pause);

    server.put("/node.yaml", "version: 1\nhostname: from-url\n");
    assert!(fetch().unwrap(), "a new text has to be applied");
    assert!(!fetch().unwrap(), "the same text has not");
    node.configure();
    assert_eq!(node.read("etc/hostname"), "from-url\n");

    server.put("/node.yaml", "version: 1\nhostnam: from-url\n");
    let error = fetch().unwrap_err().to_string();
    assert!(
        error.contains("did you mean `hostname`?") && error.contains(&url),
        "{error}"
    );
    server.remove("/node.yaml");
    let error = fetch().unwrap_err().to_string();
    assert_eq!(error, format!("{url}: the server answered with status 404"));
    assert_eq!(node.configure(), Outcome::Applied);
    assert_eq!(
        node.read("etc/hostname"),
        "from-url\n",
        "the last good copy is not in force"
    );
}

#[test]
fn an_unreachable_configuration_is_told_and_stops_nothing() {
    // Nothing listens on the discard port.
    let url = "http://127.0.0.1:9/node.yaml";
    let node = TestNode::new(&format!(
        "version: 1\nhostname: edge-1\nconfig_url: {url}\n"
    ));
    assert_eq!(node.configure(), Outcome::Applied);
    let mut pauses = Vec::new();
    let error = online::fetch_config_and_tell(&node.root, &mut node.media(), url, |pause| {
        pauses.push(pause.as_secs())
    })
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{url} could not be reached in 4 tries")
    );
    assert_eq!(pauses, [1, 2, 4]);
    assert_eq!(
        node.read("run/holdfast/config-url.txt"),
        format!(
            "{error}: tcp connect error: Connection refused (os error 111); there is no copy from an earlier time; the node runs without it\n"
        )
    );
    assert_eq!(node.read("etc/hostname"), "edge-1\n");
}

#[test]
fn manifests_and_images_come_and_go() {
    let server = Server::new();
    server.put("/app.yaml", "kind: ConfigMap\n");
    server.put("/app.tar", "layers");
    let yaml = format!(
        "version: 1\nmanifests: [{{name: app.yaml, url: '{}'}}]\nimages: [{{url: '{}'}}, {{url: '{}'}}]\n",
        server.url("/app.yaml"),
        server.url("/app.tar"),
        server.url("/gone.tar"),
    );
    let node = TestNode::new(&yaml);
    node.configure();
    let config: Config = online::config_in_force(&node.root).unwrap();
    let error = online::fetch_downloads(&node.root, &config, no_pause).unwrap_err();
    assert_eq!(error.to_string(), "1 of them failed");
    assert_eq!(
        node.read("var/lib/holdfast/manifests/config-app.yaml"),
        "kind: ConfigMap\n"
    );
    let images = || -> Vec<String> {
        let entries =
            std::fs::read_dir(node.directory.path().join("var/lib/holdfast/images")).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    assert!(
        images().len() == 1 && images()[0].ends_with("-app.tar"),
        "{:?}",
        images()
    );
    node.write("config/config.yaml", "version: 1\n");
    node.configure();
    assert!(!node.exists("var/lib/holdfast/manifests/config-app.yaml"));
    assert_eq!(images(), [""; 0]);
}

#[test]
fn copies_are_replaced_by_whole_sets_only() {
    let server = Server::new();
    let yaml =
        ["a", "b", "c"].map(|name| format!("{{url: '{}'}}", server.url(&format!("/{name}.yaml"))));
    let node = TestNode::new(&format!("version: 1\nmanifests: [{}]\n", yaml.join(", ")));
    node.configure();
    let config: Config = online::config_in_force(&node.root).unwrap();
    let texts = || {
        let text = |name| {
            let path = format!("var/lib/holdfast/manifests/config-{name}.yaml");
            if node.exists(&path) {
                node.read(&path)
            } else {
                "-".to_owned()
            }
        };
        ["a", "b", "c"].map(text).join(" ")
    };
    // Each step: what the server has (- for nothing), whether all could be fetched, what is there then.
    for (case, [a, b, c], whole, there) in [
        ("the first", ["a1", "b1", "-"], false, "a1 b1 -"),
        (
            "something moved from a to b",
            ["a2", "-", "c2"],
            false,
            "a1 b1 c2",
        ),
        ("an empty answer", ["a2", "b2", " \n"], false, "a1 b1 c2"),
        ("all of them", ["a2", "b2", "c2"], true, "a2 b2 c2"),
    ] {
        for (name, text) in [("a", a), ("b", b), ("c", c)] {
            let path = format!("/{name}.yaml");
            match text {
                "-" => server.remove(&path),
                text => server.put(&path, text),
            }
        }
        let done = online::fetch_downloads(&node.root, &config, no_pause);
        assert_eq!(done.is_ok(), whole, "{case}: {done:?}");
        assert_eq!(texts(), there, "{case}");
    }
}

#[test]
fn what_has_another_digest_is_not_taken() {
    let server = Server::new();
    server.put("/app.yaml", "kind: ConfigMap\n");
    server.put("/app.tar", "layers");
    let sha256 = |text: &str| host::digest::of_bytes(text);
    let node = TestNode::new("");
    let fetch = |yaml: &str, tar: &str| {
        let config = format!(
            "version: 1\nmanifests: [{{url: '{}', sha256: {}}}]\nimages: [{{url: '{}', sha256: {}}}]\n",
            server.url("/app.yaml"),
            sha256(yaml),
            server.url("/app.tar"),
            sha256(tar),
        );
        node.write("config/config.yaml", &config);
        node.configure();
        let config: Config = online::config_in_force(&node.root).unwrap();
        online::fetch_downloads(&node.root, &config, no_pause)
    };
    let manifest = "var/lib/holdfast/manifests/config-app.yaml";
    let images = || {
        let images = node.directory.path().join("var/lib/holdfast/images");
        let entries = std::fs::read_dir(images).into_iter().flatten();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect::<Vec<_>>()
    };
    let error = fetch("kind: Secret\n", "other layers").unwrap_err();
    assert_eq!(error.to_string(), "2 of them failed");
    assert!(!node.exists(manifest));
    assert_eq!(images(), [""; 0]);
    fetch("kind: ConfigMap\n", "layers").unwrap();
    assert_eq!(node.read(manifest), "kind: ConfigMap\n");
    assert_eq!(images().len(), 1);
    // Another digest under the same address is another file: the old one does not stand in for it.
    server.put("/app.tar", "newer layers");
    fetch("kind: ConfigMap\n", "newer layers").unwrap();
    let [name] = images().try_into().expect("one image");
    let text = node.read(&format!("var/lib/holdfast/images/{name}"));
    assert_eq!(text, "newer layers");
}

#[test]
fn an_empty_image_is_fetched_again() {
    let server = Server::new();
    server.put("/app.tar", "");
    let url = server.url("/app.tar");
    let node = TestNode::new(&format!("version: 1\nimages: [{{url: '{url}'}}]\n"));
    node.configure();
    let config: Config = online::config_in_force(&node.root).unwrap();
    let fetch = || online::fetch_downloads(&node.root, &config, no_pause);
    fetch().unwrap_err();
    server.put("/app.tar", "layers");
    fetch().unwrap();
}

#[test]
fn run_commands_go_on_after_a_failure() {
    let mut node = TestNode::new("version: 1\nrun_commands: [first, [second, x]]\n");
    node.configure();
    node.machine.asked.borrow_mut().clear();
    node.machine.fails = Some("first");
    let error = online::run_commands(&node.root, &mut node.machine).unwrap_err();
    assert_eq!(error.to_string(), "1 of them failed");
    assert_eq!(
        *node.machine.asked.borrow(),
        [
            "nm-online --quiet --timeout=120",
            "user: /bin/bash -c first",
            "user: second x"
        ]
    );
}

#[test]
fn where_the_image_asks_for_signatures_a_configuration_without_is_not_kept() {
    let text = "version: 1\nlabels: {from: url}\n";
    let key = crate::policy::key();
    let server = Server::new();
    let url = server.url("/shop.yaml");
    let node = TestNode::new(&format!(
        "version: 1\nhostname: edge-1\nconfig_url: {url}\n"
    ));
    let policy = format!(
        r#"{{"config_url":"signed","config_signers":["{}"]}}"#,
        key.public()
    );
    node.write("usr/lib/holdfast/config-policy.json", &policy);
    node.configure();
    let fetch = || online::fetch_config(&node.root, &mut node.media(), &url, no_pause);
    server.put("/shop.yaml", text);
    let error = fetch().unwrap_err().to_string();
    assert!(error.contains("shop.yaml.sig"), "no signature: {error}");
    server.put("/shop.yaml.sig", &sign(&key, b"version: 1\n"));
    let error = fetch().unwrap_err().to_string();
    assert!(error.contains("is not believed"), "another text's: {error}");
    server.put("/shop.yaml.sig", &sign(&key, text.as_bytes()));
    assert!(fetch().unwrap(), "signed");
    node.configure();
    assert!(node.read("run/holdfast/config.json").contains("\"from\""));

    // A copy from before the image asked: it is not believed at the next boot.
    let about = "var/lib/holdfast/config/from-url.json";
    node.write(about, &format!("{{\"url\":\"{url}\"}}"));
    node.configure();
    assert!(!node.read("run/holdfast/config.json").contains("\"from\""));
    let warnings = node.configured().warnings.join("\n");
    assert!(warnings.contains("is not believed"), "{warnings}");
}
