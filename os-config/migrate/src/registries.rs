//! `/etc/rancher/k3s/registries.yaml`: the same things by other names.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::coerce::{entries, mapping, scalar, truth};
use super::draft::{self, Draft, nest, text};
use super::names;
use os_config::tree::{Entry, Node};

const NO_HOME: &str = "no equivalent in Holdfast";

/// Moves mirrors, credentials and certificates.
pub(super) fn registries(draft: &mut Draft, tree: &Node) {
    for entry in tree.entries() {
        match entry.key.as_str() {
            "mirrors" => each(draft, entry, mirror),
            "configs" => each(draft, entry, access),
            key => lost(draft, &[key], NO_HOME, &entry.value),
        }
    }
}

/// Hands every host below `entry` to `work`.
fn each(draft: &mut Draft, entry: &Entry, work: fn(&mut Draft, &Entry)) {
    let key = format!("registries.yaml: {}", entry.key);
    for host in mapping(draft, &entry.value, &key, &[&entry.key]) {
        work(draft, host);
    }
}

/// Notes what `way` leads to in the file as lost.
fn lost(draft: &mut Draft, way: &[&str], message: impl Into<String>, value: &Node) {
    let key = format!("registries.yaml: {}", way.join("."));
    draft.lost(value.span, &key, message, nest(way, value.clone()));
}

fn mirror(draft: &mut Draft, host: &Entry) {
    let name = host.key.as_str();
    let mut parts = host.value.entries().iter();
    let named = parts.any(|entry| {
        names::is_spelling_of(&entry.key, "endpoint") && !entries(&entry.value).is_empty()
    });
    if !named {
        return lost(
            draft,
            &["mirrors", name],
            "it names no endpoint",
            &host.value,
        );
    }
    for entry in host.value.entries() {
        if names::is_spelling_of(&entry.key, "endpoint") {
            for url in entries(&entry.value) {
                draft.push(&["registries", "mirrors", name, "endpoints"], url.clone());
            }
        } else {
            lost(draft, &["mirrors", name, &entry.key], NO_HOME, &entry.value);
        }
    }
}

fn access(draft: &mut Draft, host: &Entry) {
    let name = host.key.as_str();
    let key = format!("registries.yaml: configs.{name}");
    for group in mapping(draft, &host.value, &key, &["configs", name]) {
        let way = ["configs", name, &group.key];
        let key = format!("{key}.{}", group.key);
        match group.key.as_str() {
            "auth" => {
                let parts = mapping(draft, &group.value, &key, &way);
                credentials(draft, name, parts);
            }
            "tls" => {
                for entry in mapping(draft, &group.value, &key, &way) {
                    tls(draft, name, entry);
                }
            }
            _ => lost(draft, &way, NO_HOME, &group.value),
        }
    }
}

/// containerd takes name and password, else the identity token, else both of `auth`; so the others say nothing.
fn credentials(draft: &mut Draft, host: &str, parts: &[Entry]) {
    let given = |keys: &[&str]| {
        let mut filled = parts
            .iter()
            .filter(|entry| scalar(&entry.value).is_none_or(|words| !words.is_empty()));
        filled.any(|entry| keys.contains(&entry.key.as_str()))
    };
    let named = given(&["username"]);
    let token = given(&["identity_token", "identitytoken"]);
    for entry in parts {
        let way = ["configs", host, "auth", &entry.key];
        let ours = match entry.key.as_str() {
            "username" | "password" => entry.key.as_str(),
            "identity_token" | "identitytoken" if !named => "token",
            "auth" if !named && !token => {
                packed(draft, host, entry);
                continue;
            }
            "identity_token" | "identitytoken" | "auth" => {
                let message = "there are other credentials beside it, and those are used";
                lost(draft, &way, message, &entry.value);
                continue;
            }
            _ => {
                lost(draft, &way, NO_HOME, &entry.value);
                continue;
            }
        };
        let way = ["registries", "configs", host, "auth", ours];
        draft.put(&way, entry.value.clone());
    }
}

/// `auth`: name and password in base64, as in Docker's configuration.
fn packed(draft: &mut Draft, host: &str, entry: &Entry) {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let words: String = scalar(&entry.value)
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let pair = GeneralPurpose::new(&STANDARD, config)
        .decode(words)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let pair = pair.as_deref().map(|pair| pair.trim_end_matches('\0'));
    let Some((username, password)) = pair.and_then(|pair| pair.split_once(':')) else {
        let way = ["configs", host, "auth", &entry.key];
        let message = "it is not `user:password` in base64";
        return lost(draft, &way, message, &entry.value);
    };
    for (key, words) in [("username", username), ("password", password)] {
        let way = ["registries", "configs", host, "auth", key];
        draft.put(&way, text(entry.value.span, words));
    }
}

fn tls(draft: &mut Draft, host: &str, entry: &Entry) {
    let way = ["configs", host, "tls", &entry.key];
    match entry.key.as_str() {
        "insecure_skip_verify" => {
            let value = truth(&entry.value).map(|value| draft::truth(entry.value.span, value));
            let way = ["registries", "configs", host, "tls", "insecure_skip_verify"];
            draft.put(&way, value.unwrap_or_else(|| entry.value.clone()));
        }
        "ca_file" | "cert_file" | "key_file" => {
            let file = scalar(&entry.value).unwrap_or("the file");
            let key = entry.key.trim_end_matches("_file");
            let message =
                format!("paste the content of {file} into registries.configs.{host}.tls.{key}");
            lost(draft, &way, message, &entry.value);
        }
        _ => lost(draft, &way, NO_HOME, &entry.value),
    }
}
