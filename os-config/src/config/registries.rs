//! Where container images come from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::values::{HttpUrl, Pem, RegistryHost, Secret};

/// Where container images come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registries {
    /// Mirrors by registry; `*` stands for every registry without its own entry.
    pub mirrors: BTreeMap<RegistryHost, RegistryMirror>,
    /// Credentials and certificates by the host that is contacted (a registry's or a mirror's).
    pub configs: BTreeMap<RegistryHost, RegistryAccess>,
}

/// The mirrors of one registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryMirror {
    /// Tried in order, then the registry itself. Never empty.
    pub endpoints: Vec<HttpUrl>,
}

/// How a registry is contacted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryAccess {
    /// Credentials; `None` means anonymous.
    pub auth: Option<RegistryAuth>,
    /// Certificates.
    pub tls: RegistryTls,
}

/// Credentials of a registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistryAuth {
    /// A user's name and password.
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// An identity token.
    Token(Secret),
}

/// Certificates for a registry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryTls {
    /// Authorities to trust besides the system's.
    pub ca: Option<Pem>,
    /// The client's certificate and its private key.
    pub client: Option<(Pem, Pem)>,
    /// Checks no certificate at all.
    pub insecure_skip_verify: bool,
}
