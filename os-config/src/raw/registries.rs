//! `registries:` as it is written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{OneOrMany, Scalar};

/// Where container images come from.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawRegistries {
    /// Mirrors by registry host; `*` stands for every registry that has no entry of its own.
    #[schemars(extend("examples" = [{"docker.io": {"endpoints": ["https://mirror.shop.example"]}}]))]
    pub(crate) mirrors: BTreeMap<String, RawRegistryMirror>,
    /// Credentials and certificates by the host that is contacted, which may be a mirror.
    pub(crate) configs: BTreeMap<String, RawRegistryAccess>,
}

/// The mirrors of one registry.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawRegistryMirror {
    /// Addresses, tried in order before the registry itself.
    pub(crate) endpoints: Option<OneOrMany<String>>,
}

/// How a registry is contacted.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawRegistryAccess {
    /// Credentials: `username` and `password`, or `token`.
    pub(crate) auth: Option<RawRegistryAuth>,
    /// Certificates.
    pub(crate) tls: Option<RawRegistryTls>,
}

/// Credentials.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawRegistryAuth {
    /// The user's name.
    pub(crate) username: Option<Scalar>,
    /// The user's password.
    pub(crate) password: Option<Scalar>,
    /// An identity token, instead of name and password.
    pub(crate) token: Option<Scalar>,
}

/// Certificates.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawRegistryTls {
    /// Authorities to trust besides the system's, as PEM text.
    pub(crate) ca: Option<String>,
    /// The client's certificate, as PEM text; with `key`.
    pub(crate) cert: Option<String>,
    /// The client's private key, as PEM text; with `cert`.
    pub(crate) key: Option<String>,
    /// Trusts any certificate. For tests only.
    #[schemars(extend("default" = false))]
    pub(crate) insecure_skip_verify: Option<bool>,
}
