//! Mirrors, credentials, certificates.

use std::collections::{BTreeMap, BTreeSet};

use super::Checker;
use super::config::{text, wrong_key};
use crate::config::{Registries, RegistryAccess, RegistryAuth, RegistryMirror, RegistryTls};
use crate::raw::{RawRegistries, RawRegistryAccess, RawRegistryMirror};
use crate::values::{HttpUrl, Invalid, Pem, RegistryHost, Secret};

/// The name that stands for every registry without a mirror of its own.
const EVERY_OTHER: &str = "*";

pub(super) fn registries(c: &mut Checker, raw: Option<&RawRegistries>) -> Registries {
    let Some(raw) = raw else {
        return Registries::default();
    };
    c.at("registries", |c| {
        named(c, raw);
        Registries {
            mirrors: by_host(c, "mirrors", &raw.mirrors, mirror),
            configs: by_host(c, "configs", &raw.configs, access),
        }
    })
}

fn by_host<R, T>(
    c: &mut Checker,
    key: &str,
    raw: &BTreeMap<String, R>,
    mut check: impl FnMut(&mut Checker, &R) -> Option<T>,
) -> BTreeMap<RegistryHost, T> {
    let mut checked = BTreeMap::new();
    let mut seen = BTreeSet::new();
    c.at(key, |c| {
        for (name, value) in raw {
            c.at(name.as_str(), |c| {
                let host = wrong_key(c, RegistryHost::parse(name));
                let value = check(c, value);
                let Some(host) = host else { return };
                if !seen.insert(host.clone()) {
                    c.refuse(
                        format!("`{host}` stands here twice: capital and small letters are one"),
                        "put all its settings into one entry",
                    );
                }
                checked.extend(value.map(|value| (host, value)));
            });
        }
    });
    checked
}

/// Credentials for every registry would be shown to all of them.
fn named(c: &mut Checker, raw: &RawRegistries) {
    if raw.configs.contains_key(EVERY_OTHER) {
        c.at("configs", |c| {
            c.at(EVERY_OTHER, |c| {
                c.refuse(
                    "`*` stands for no host here: credentials and certificates belong to one",
                    "write an entry for each host that is contacted; with a mirror, that is the mirror's",
                );
            });
        });
    }
}

fn mirror(c: &mut Checker, raw: &RawRegistryMirror) -> Option<RegistryMirror> {
    let given = raw.endpoints.as_ref().map_or(&[][..], |list| &list.0);
    if given.is_empty() {
        c.missing(
            "endpoints",
            "list the mirror's addresses, such as endpoints: [https://mirror.shop.example]",
        );
        return None;
    }
    Some(RegistryMirror {
        endpoints: c.texts("endpoints", given, HttpUrl::parse),
    })
}

fn access(c: &mut Checker, raw: &RawRegistryAccess) -> Option<RegistryAccess> {
    Some(RegistryAccess {
        auth: auth(c, raw),
        tls: tls(c, raw),
    })
}

fn auth(c: &mut Checker, raw: &RawRegistryAccess) -> Option<RegistryAuth> {
    let raw = raw.auth.as_ref()?;
    c.at("auth", |c| {
        let password = c.value("password", text(&raw.password), Secret::parse);
        let token = c.value("token", text(&raw.token), Secret::parse);
        match (
            text(&raw.username),
            raw.password.is_some(),
            raw.token.is_some(),
        ) {
            (Some(username), true, false) => Some(RegistryAuth::Basic {
                username: username.to_owned(),
                password: password?,
            }),
            (None, false, true) => token.map(RegistryAuth::Token),
            _ => {
                c.wrong(
                    "credentials are `username` and `password`, or `token` alone",
                    "write one of the two forms",
                );
                None
            }
        }
    })
}

fn tls(c: &mut Checker, raw: &RawRegistryAccess) -> RegistryTls {
    let Some(raw) = &raw.tls else {
        return RegistryTls::default();
    };
    c.at("tls", |c| {
        let ca = c.value("ca", raw.ca.as_deref(), certificate);
        let cert = c.value("cert", raw.cert.as_deref(), certificate);
        let key = c.value("key", raw.key.as_deref(), private_key);
        if raw.cert.is_some() != raw.key.is_some() {
            let missing = if raw.cert.is_some() { "key" } else { "cert" };
            c.missing(missing, "a client's certificate and its key come together");
        }
        RegistryTls {
            ca,
            client: cert.zip(key),
            insecure_skip_verify: raw.insecure_skip_verify.unwrap_or(false),
        }
    })
}

fn certificate(text: &str) -> Result<Pem, Invalid> {
    holding(text, "CERTIFICATE-----", "a certificate")
}

fn private_key(text: &str) -> Result<Pem, Invalid> {
    holding(text, "PRIVATE KEY-----", "a private key")
}

fn holding(text: &str, label: &str, what: &str) -> Result<Pem, Invalid> {
    let pem = Pem::parse(text)?;
    if pem.as_str().contains(label) {
        return Ok(pem);
    }
    Err(Invalid::new(
        format!("this PEM text is not {what}"),
        "paste the whole block with its BEGIN and END lines",
    ))
}
