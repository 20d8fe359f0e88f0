//! How containerd reaches registries: `certs.d/<registry>/hosts.toml`, and logins in its own configuration.

use super::containerd::table;
use crate::Paths;
use crate::file::PlannedFile;
use crate::paths::text;
use crate::settings::{Registries, RegistryHost};
use std::collections::BTreeSet;
use toml::{Table, Value};

pub(super) const FOLDER: &str = "/etc/containerd/certs.d";
const EVERY_OTHER: &str = "*";

/// Logins, by host, as containerd's configuration has them.
pub(super) fn logins(registries: &Registries) -> Table {
    let entry = |(host, access): (&String, &RegistryHost)| {
        let auth = match (&access.login, &access.token) {
            (Some((user, password)), _) => table([
                ("username", user.as_str().into()),
                ("password", password.as_str().into()),
            ]),
            (None, Some(token)) => table([("identitytoken", token.as_str().into())]),
            (None, None) => return None,
        };
        Some((host.clone(), table([("auth", auth)])))
    };
    registries.hosts.iter().filter_map(entry).collect()
}

/// One folder for each registry that is mirrored or needs certificates.
pub(super) fn files(registries: &Registries, paths: &Paths) -> Vec<PlannedFile> {
    let names: BTreeSet<&String> = registries
        .mirrors
        .keys()
        .chain(registries.hosts.keys())
        .collect();
    let mut files = Vec::new();
    for name in names {
        let folder = folder_name(name);
        let path = paths.at(FOLDER).join(&folder).join("hosts.toml");
        files.push(PlannedFile::new(
            path,
            0o600,
            hosts(name, registries, paths),
        ));
    }
    for (name, host) in &registries.hosts {
        let (certificate, key) = host.client.as_ref().map(|(c, k)| (c, k)).unzip();
        let parts = [
            ("ca.crt", host.ca.as_ref()),
            ("client.cert", certificate),
            ("client.key", key),
        ];
        for (file, content) in parts {
            if let Some(content) = content {
                files.push(PlannedFile::new(
                    trust(paths, name, file),
                    0o600,
                    content.clone(),
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
fn trust(paths: &Paths, host: &str, file: &str) -> std::path::PathBuf {
    paths
        .at("/etc/containerd/trust")
        .join(folder_name(host))
        .join(file)
}

fn hosts(name: &str, registries: &Registries, paths: &Paths) -> String {
    let mut document = Table::new();
    let mut hosts = Table::new();
    for endpoint in registries
        .mirrors
        .get(name)
        .map(|m| m.endpoints.as_slice())
        .unwrap_or_default()
    {
        hosts.insert(endpoint.clone(), host(endpoint, registries, paths));
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
        "docker.io" => "https://registry-1.docker.io".into(),
        other => format!("https://{other}"),
    }
}

fn host(url: &str, registries: &Registries, paths: &Paths) -> Value {
    let bare = url.split_once("://").map_or(url, |(_, rest)| rest);
    let bare = bare.split('/').next().unwrap_or(bare);
    let mut entry = Table::new();
    entry.insert(
        "capabilities".into(),
        Value::Array(vec!["pull".into(), "resolve".into()]),
    );
    let known = registries.hosts.get(bare).map(|h| (bare, h));
    let known = known.or_else(|| {
        registries
            .hosts
            .get("docker.io")
            .filter(|_| bare == "registry-1.docker.io")
            .map(|h| ("docker.io", h))
    });
    if let Some((name, access)) = known {
        if access.ca.is_some() {
            entry.insert("ca".into(), text(&trust(paths, name, "ca.crt")).into());
        }
        if access.client.is_some() {
            let pair = ["client.cert", "client.key"]
                .map(|file| Value::from(text(&trust(paths, name, file))));
            entry.insert("client".into(), Value::Array(vec![pair.to_vec().into()]));
        }
        if access.skip_verify {
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
