//! Mirrors, credentials, certificates.

use std::collections::{BTreeMap, BTreeSet};

use super::Checker;
use crate::config::{Registries, RegistryAccess, RegistryAuth, RegistryMirror, RegistryTls};
use crate::raw::{Named, RawRegistries, RawRegistryAccess, RawRegistryMirror};
use crate::values::RegistryHost;

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

fn by_host<K, R, T>(
    c: &mut Checker,
    key: &str,
    raw: &Named<K, R>,
    mut check: impl FnMut(&mut Checker, &R) -> Option<T>,
) -> BTreeMap<RegistryHost, T> {
    let mut checked = BTreeMap::new();
    let mut seen = BTreeSet::new();
    c.at(key, |c| {
        for (name, value) in &raw.0 {
            c.at(name.as_str(), |c| {
                let host = c.name::<RegistryHost>(name);
                let value = check(c, value);
                let Some(host) = host else { return };
                if !seen.insert(host.clone()) {
                    c.refuse(
                        format!("`{host}` is here twice: capital and small letters are one"),
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
    if raw.configs.0.contains_key(EVERY_OTHER) {
        c.at("configs", |c| {
            c.at(EVERY_OTHER, |c| {
                c.refuse(
                    "`*` means no host here: credentials and certificates belong to one",
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
        endpoints: c.texts("endpoints", given),
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
        let password = c.value("password", &raw.password);
        let token = c.value("token", &raw.token);
        match (&raw.username, raw.password.is_some(), raw.token.is_some()) {
            (Some(username), true, false) => Some(RegistryAuth::Basic {
                username: username.0.clone(),
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
        let ca = c.value("ca", &raw.ca);
        let cert = c.value("cert", &raw.cert);
        let key = c.value("key", &raw.key);
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
