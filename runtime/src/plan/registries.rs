//! How containerd reaches registries: `certs.d/<registry>/hosts.toml`, and logins in its own configuration.

use super::toml_table::table;
use crate::Paths;
use crate::file::PlannedFile;
use crate::paths::text;
use init_api::paths::REGISTRIES;
use os_config::{Registries, RegistryAccess, RegistryAuth, RegistryHost};
use std::collections::BTreeSet;
use toml::{Table, Value};

const EVERY_OTHER: &str = "*";
/// Docker Hub's name in images, and the host that is contacted for it.
const HUB: (&str, &str) = ("docker.io", "registry-1.docker.io");

/// Logins, by host, as containerd's configuration has them. It looks for the host that it contacts, so those for Docker Hub
/// stand under both of its names.
pub(super) fn logins(registries: &Registries) -> Table {
    let entry = |(host, access): (&RegistryHost, &RegistryAccess)| {
        let auth = match access.auth.as_ref()? {
            RegistryAuth::Basic { username, password } => table([
                ("username", username.as_str().into()),
                ("password", password.reveal().into()),
            ]),
            RegistryAuth::Token(token) => table([("identitytoken", token.reveal().into())]),
        };
        Some((host.to_string(), table([("auth", auth)])))
    };
    let mut logins: Table = registries.configs.iter().filter_map(entry).collect();
    let (name, contacted) = HUB;
    if let (Some(login), false) = (logins.get(name), logins.contains_key(contacted)) {
        logins.insert(contacted.to_owned(), login.clone());
    }
    logins
}

/// One folder for each registry that is mirrored or needs certificates.
pub(super) fn files(registries: &Registries, paths: &Paths) -> Vec<PlannedFile> {
    let names: BTreeSet<&str> = registries
        .mirrors
        .keys()
        .chain(registries.configs.keys())
        .map(RegistryHost::as_str)
        .collect();
    let mut files = Vec::new();
    for name in names {
        let folder = folder_name(name);
        let path = paths.at(REGISTRIES).join(&folder).join("hosts.toml");
        files.push(PlannedFile::new(
            path,
            0o600,
            hosts_toml(name, registries, paths),
        ));
    }
    for (name, host) in &registries.configs {
        let (certificate, key) = host.tls.client.as_ref().map(|(c, k)| (c, k)).unzip();
        let parts = [
            ("ca.crt", host.tls.ca.as_ref()),
            ("client.cert", certificate),
            ("client.key", key),
        ];
        for (file, content) in parts {
            if let Some(content) = content {
                files.push(PlannedFile::new(
                    trust_file(paths, name.as_str(), file),
                    0o600,
                    content.reveal(),
                ));
            }
        }
    }
    files
}

/// containerd's own spelling: `_default` stands for all others, and a port is set off by an underscore.
fn folder_name(registry: &str) -> String {
    if registry == EVERY_OTHER {
        return "_default".into();
    }
    match registry.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => format!("{host}_{port}_"),
        _ => registry.into(),
    }
}

/// Certificates stay out of `certs.d`, where containerd would take every file for its own.
fn trust_file(paths: &Paths, host: &str, file: &str) -> std::path::PathBuf {
    paths
        .at("/etc/containerd/trust")
        .join(folder_name(host))
        .join(file)
}

fn hosts_toml(name: &str, registries: &Registries, paths: &Paths) -> String {
    let mut document = Table::new();
    let mut hosts = Table::new();
    // A folder for this registry hides the one for every other, so what stands there stands here too.
    let named = |wanted: &str| {
        let mut mirrors = registries.mirrors.iter();
        mirrors.find(|(registry, _)| registry.as_str() == wanted)
    };
    let mirror = named(name).or_else(|| named(EVERY_OTHER));
    for endpoint in mirror.map_or(&[][..], |(_, mirror)| &mirror.endpoints) {
        let endpoint = in_lower_case(endpoint.as_str());
        let entry = host(&endpoint, registries, paths);
        hosts.insert(endpoint, entry);
    }
    if name != EVERY_OTHER {
        let server = server(name);
        hosts.insert(server.clone(), host(&server, registries, paths));
        document.insert("server".into(), server.into());
    }
    document.insert("host".into(), Value::Table(hosts));
    toml::to_string_pretty(&document).expect("tables with text keys become TOML")
}

fn server(name: &str) -> String {
    match name {
        name if name == HUB.0 => format!("https://{}", HUB.1),
        other => format!("https://{other}"),
    }
}

/// Scheme and host in lower case, as containerd looks for the host's login; the path as it is.
fn in_lower_case(url: &str) -> String {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let path = url[authority..]
        .find('/')
        .map_or(url.len(), |at| authority + at);
    let host = url[..path].rfind('@').map_or(authority, |at| at + 1);
    let scheme = url[..authority].to_ascii_lowercase();
    let user = &url[authority..host];
    format!(
        "{scheme}{user}{}{}",
        url[host..path].to_ascii_lowercase(),
        &url[path..]
    )
}

fn host(url: &str, registries: &Registries, paths: &Paths) -> Value {
    let bare = url.split_once("://").map_or(url, |(_, rest)| rest);
    let bare = bare.split('/').next().unwrap_or(bare);
    let bare = bare.rsplit_once('@').map_or(bare, |(_, host)| host);
    let mut entry = Table::new();
    entry.insert(
        "capabilities".into(),
        Value::Array(vec!["pull".into(), "resolve".into()]),
    );
    let named = |wanted: &str| {
        let mut found = registries.configs.iter();
        found.find(|(host, _)| host.as_str() == wanted)
    };
    let known = named(bare).or_else(|| named((bare == HUB.1).then_some(HUB.0)?));
    if let Some((name, RegistryAccess { tls, .. })) = known {
        let file = |file| Value::from(text(&trust_file(paths, name.as_str(), file)));
        if tls.ca.is_some() {
            entry.insert("ca".into(), file("ca.crt"));
        }
        if tls.client.is_some() {
            let pair = ["client.cert", "client.key"].map(file);
            entry.insert("client".into(), Value::Array(vec![pair.to_vec().into()]));
        }
        if tls.insecure_skip_verify {
            entry.insert("skip_verify".into(), true.into());
        }
    }
    // A path in the endpoint (`https://mirror.example/v2/docker`) replaces containerd's own.
    if url
        .splitn(4, '/')
        .nth(3)
        .is_some_and(|path| !path.is_empty())
    {
        entry.insert("override_path".into(), true.into());
    }
    Value::Table(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use os_config::{RegistryMirror, RegistryTls};

    fn registries(mirrors: &[(&str, &str)], logins: &[&str]) -> Registries {
        let mirror = |(name, endpoint): &(&str, &str)| {
            let endpoints = vec![endpoint.parse().expect("an address")];
            let host = name.parse().expect("a host");
            (host, RegistryMirror { endpoints })
        };
        let host = |name: &&str| {
            let auth = RegistryAuth::Basic {
                username: "user".into(),
                password: format!("of {name}").parse().expect("a secret"),
            };
            let access = RegistryAccess {
                auth: Some(auth),
                tls: RegistryTls {
                    insecure_skip_verify: true,
                    ..RegistryTls::default()
                },
            };
            (name.parse().expect("a host"), access)
        };
        Registries {
            mirrors: mirrors.iter().map(mirror).collect(),
            configs: logins.iter().map(host).collect(),
        }
    }

    #[test]
    fn logins_of_docker_hub_stand_under_the_host_that_is_contacted() {
        for (given, expected) in [
            (&["ghcr.io"][..], &[("ghcr.io", "of ghcr.io")][..]),
            (
                &["docker.io"],
                &[
                    ("docker.io", "of docker.io"),
                    ("registry-1.docker.io", "of docker.io"),
                ],
            ),
            (
                &["docker.io", "registry-1.docker.io"],
                &[
                    ("docker.io", "of docker.io"),
                    ("registry-1.docker.io", "of registry-1.docker.io"),
                ],
            ),
        ] {
            let logins = logins(&registries(&[], given));
            let password = |value: &Value| value["auth"]["password"].as_str().map(str::to_owned);
            let got: Vec<(String, Option<String>)> = logins
                .iter()
                .map(|(host, value)| (host.clone(), password(value)))
                .collect();
            let expected: Vec<(String, Option<String>)> = expected
                .iter()
                .map(|(host, word)| ((*host).to_owned(), Some((*word).to_owned())))
                .collect();
            assert_eq!(got, expected, "{given:?}");
        }
    }

    /// The hosts that are asked, in order, and of those the ones whose settings were found.
    #[test]
    fn hosts_that_are_asked() {
        type Mirrors<'a> = &'a [(&'a str, &'a str)];
        type Asked<'a> = &'a [(&'a str, bool)];
        let cases: [(&str, Mirrors<'_>, &[&str], &str, Asked<'_>); 5] = [
            (
                "only a login: the mirror for all comes first",
                &[("*", "https://all.example")],
                &["ghcr.io"],
                "ghcr.io",
                &[("https://all.example", false), ("https://ghcr.io", true)],
            ),
            (
                "a mirror of its own",
                &[
                    ("*", "https://all.example"),
                    ("ghcr.io", "https://m.example"),
                ],
                &["ghcr.io"],
                "ghcr.io",
                &[("https://m.example", false), ("https://ghcr.io", true)],
            ),
            (
                "no mirror at all",
                &[],
                &["ghcr.io"],
                "ghcr.io",
                &[("https://ghcr.io", true)],
            ),
            (
                "capital letters, a user, a path",
                &[("docker.io", "HTTPS://Me:Word@M.Example:5000/v2/Hub")],
                &["m.example:5000"],
                "docker.io",
                &[
                    ("https://Me:Word@m.example:5000/v2/Hub", true),
                    ("https://registry-1.docker.io", false),
                ],
            ),
            (
                "the mirror for all itself",
                &[("*", "https://all.example")],
                &["all.example"],
                "*",
                &[("https://all.example", true)],
            ),
        ];
        for (case, mirrors, logins, name, expected) in cases {
            let text = hosts_toml(name, &registries(mirrors, logins), &Paths::default());
            let document: Table = text.parse().expect(case);
            let hosts = document["host"].as_table().expect(case);
            let got: Vec<(&str, bool)> = hosts
                .iter()
                .map(|(host, entry)| (host.as_str(), entry.get("skip_verify").is_some()))
                .collect();
            assert_eq!(got, expected, "{case}");
        }
    }
}
