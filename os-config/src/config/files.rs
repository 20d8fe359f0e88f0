//! Things a configuration carries: files, manifests, images.

use serde::{Deserialize, Serialize};

use crate::values::{Bytes, FileMode, HttpUrl, ManifestName, Owner, Sha256, WritablePath};

/// A file to write at every boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteFile {
    /// Where.
    pub path: WritablePath,
    /// What, decoded.
    pub content: Bytes,
    /// Whose.
    pub owner: Owner,
    /// With which permission bits.
    pub permissions: FileMode,
}

/// A manifest to apply to the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Manifest {
    /// Written in the configuration itself.
    Inline {
        /// Its file name; unique among the manifests.
        name: ManifestName,
        /// YAML, one document or several.
        content: String,
    },
    /// Fetched once the network is up, and kept on state.
    Url {
        /// Its file name; unique among the manifests.
        name: ManifestName,
        /// Where it is.
        url: HttpUrl,
        /// The only content that is taken; `None` for any.
        sha256: Option<Sha256>,
    },
}

impl Manifest {
    /// The file name it goes by.
    pub fn name(&self) -> &ManifestName {
        match self {
            Self::Inline { name, .. } | Self::Url { name, .. } => name,
        }
    }
}

/// A tar of container images to load into the runtime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Image {
    /// A file on the node, absolute.
    Path(String),
    /// Fetched once the network is up, and kept on state.
    Url {
        /// Where it is.
        url: HttpUrl,
        /// The only content that is taken; `None` for any.
        sha256: Option<Sha256>,
    },
}
