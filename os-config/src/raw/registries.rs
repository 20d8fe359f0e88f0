//! `registries:` as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Named, OneOrMany, Scalar, Text};
use crate::values::{Certificate, HttpUrl, NamedHost, PrivateKey, RegistryHost, Secret};

/// Where container images come from.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawRegistries {
    /// Mirrors by registry host; `*` stands for every registry that has no entry of its own.
    #[schemars(extend("examples" = [{"docker.io": {"endpoints": ["https://mirror.shop.example"]}}], "x-impact" = "live"))]
    pub(crate) mirrors: Named<RegistryHost, RawRegistryMirror>,
    /// Credentials and certificates by the host that is contacted, which may be a mirror.
    pub(crate) configs: Named<NamedHost, RawRegistryAccess>,
}

/// The mirrors of one registry.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawRegistryMirror {
    /// Addresses, tried in order before the registry itself. A path (`https://mirror.example/v2/hub`) is in place of the
    /// registry's own `/v2`; the login is that of the host in `registries.configs`.
    pub(crate) endpoints: Option<OneOrMany<Text<HttpUrl>, 1>>,
}

/// How a registry is contacted.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawRegistryAccess {
    /// Credentials: `username` and `password`, or `token`.
    #[schemars(extend("x-secret" = "always"))]
    pub(crate) auth: Option<RawRegistryAuth>,
    /// Certificates.
    #[schemars(extend("x-impact" = "live"))]
    pub(crate) tls: Option<RawRegistryTls>,
}

/// Credentials.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawRegistryAuth {
    /// The user's name.
    #[schemars(extend("x-secret" = "in listings"))]
    pub(crate) username: Option<Scalar>,
    /// The user's password.
    pub(crate) password: Option<Text<Secret>>,
    /// An identity token, instead of name and password.
    pub(crate) token: Option<Text<Secret>>,
}

/// Certificates.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawRegistryTls {
    /// Authorities to trust besides the system's, as PEM text.
    pub(crate) ca: Option<Text<Certificate>>,
    /// The client's certificate, as PEM text; with `key`.
    pub(crate) cert: Option<Text<Certificate>>,
    /// The client's private key, as PEM text; with `cert`.
    #[schemars(extend("x-secret" = "always"))]
    pub(crate) key: Option<Text<PrivateKey>>,
    /// Trusts any certificate. For tests only.
    #[schemars(extend("default" = false))]
    pub(crate) insecure_skip_verify: Option<bool>,
}
