//! Keys that have their place and are refused until their work is built.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;

/// How this node takes part in a cluster.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawCluster {
    /// Starts a cluster that more servers can join.
    pub(crate) init: Option<bool>,
}

/// Unattended installation onto a disk.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawInstall {
    /// The disk to install onto.
    pub(crate) device: Option<String>,
    /// A configuration for the installed system.
    pub(crate) config_url: Option<String>,
    /// Asks nothing.
    pub(crate) silent: Option<bool>,
    /// Installs for UEFI even when started otherwise.
    pub(crate) force_efi: Option<bool>,
    /// The image to install.
    pub(crate) iso_url: Option<String>,
    /// Powers off instead of rebooting.
    pub(crate) power_off: Option<bool>,
    /// Keeps the disk's partitions.
    pub(crate) no_format: Option<bool>,
    /// Says more.
    pub(crate) debug: Option<bool>,
    /// The console of the installed system.
    pub(crate) tty: Option<String>,
}

/// A section whose keys are not fixed yet.
#[derive(Debug)]
pub(crate) struct RawAnything;

impl<'de> Deserialize<'de> for RawAnything {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl JsonSchema for RawAnything {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Anything".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object", "additionalProperties": true })
    }
}
