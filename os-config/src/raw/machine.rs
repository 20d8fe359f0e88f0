//! The machine's clock and logs, what sticks may bring, and the disk that state is on.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Text;
use crate::values::{Certificate, SigningKey};

/// Whom the clock is set by.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawTime {
    /// Asks the servers of `ntp_servers` with NTS (RFC 8915) and believes no other answer: each proves who it is with a certificate of
    /// one of Mozilla's authorities, or of `ca`, for the name that stands in `ntp_servers`. Port 4460/tcp must be open to them.
    /// Debian's pool does not answer so: `ntp_servers` has to name others.
    #[schemars(extend("default" = false))]
    pub(crate) nts: Option<bool>,
    /// Authorities to trust besides Mozilla's, as PEM text, for time servers of one's own; with `nts`.
    pub(crate) ca: Option<Text<Certificate>>,
    /// The clock is set only where so many servers answer that agree with each other. One that lies is overruled by two that do not, so
    /// three servers and `2` stand one of them.
    #[schemars(extend("default" = 1, "minimum" = 1, "maximum" = 16))]
    pub(crate) min_sources: Option<u32>,
}

/// Where logs are kept.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawLogs {
    /// Keeps the services' logs on the disk, where they outlast a reboot and wear flash, instead of in memory.
    #[schemars(extend("default" = false))]
    pub(crate) persist: Option<bool>,
}

/// What a USB stick with a bundle may bring to a running node. Signed releases need no key here: the image knows who signs them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawBundles {
    /// Whose bundles are believed: public keys, as `holdfast bundle --key` prints them. Their images are loaded.
    #[schemars(extend("default" = [], "examples" = [["ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="]]))]
    pub(crate) signers: Vec<Text<SigningKey>>,
    /// Takes also bundles that none of the signers vouches for. Whoever can plug in a stick then chooses what runs under an
    /// image's name.
    #[schemars(extend("default" = false))]
    pub(crate) unsigned: Option<bool>,
    /// Applies the manifests of bundles that are taken, besides loading their images.
    #[schemars(extend("default" = false))]
    pub(crate) manifests: Option<bool>,
}

/// The disk that everything that lasts is on.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawState {
    /// What a boot does when the file system of the state partition has damage that cannot be repaired without a risk: `repair`
    /// (`e2fsck -y`, with what it overwrites kept in an undo file where there is room), `stop` (maintenance mode, until a person
    /// has repaired it), or `renew` (an empty file system: the node begins again). With `stop` a damaged datastore stays as it is, too;
    /// else it is set aside and replaced.
    #[schemars(extend("default" = "repair", "enum" = ["repair", "stop", "renew"]))]
    pub(crate) when_damaged: Option<String>,
    /// Whether the state partition is encrypted: `none`, or `tpm` (LUKS2; the key is sealed in the machine's TPM 2.0, which gives it to
    /// releases that are signed for it and to nothing else). It is made so when the machine is new, and at a reset after that: a
    /// node that runs keeps what it has. `sudo holdfast recovery-key` prints, once, what opens it without the TPM.
    #[schemars(extend("default" = "none", "enum" = ["none", "tpm"]))]
    pub(crate) encryption: Option<String>,
}
