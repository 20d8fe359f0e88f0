//! What `holdfast node configure` says about the configuration.

use serde::{Deserialize, Serialize};

/// `/run/holdfast/configured.json`: for the console page and `holdfast status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configured {
    /// The sources, the weakest first: place and origin.
    pub sources: Vec<String>,
    /// Whether what `config_url` names is among them.
    pub url_in_force: bool,
    /// Whether a configuration is on trial.
    pub on_trial: bool,
    /// Why a part of the configuration may be missing, such as a USB stick that it was read from before: what only that
    /// part names is still wanted, so nothing is removed from the cluster.
    pub incomplete: Option<String>,
    /// What did not work and did not stop the node, each one line.
    pub warnings: Vec<String>,
}
