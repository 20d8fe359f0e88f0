//! What `holdfast node configure` says about the configuration.

use crate::Problem;
use crate::interface::Wanted;
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
    /// What is wrong with the sources, where the last good configuration is in force in their place; none when they are.
    pub instead: Option<Problem>,
    /// State lies on the disk in clear, though the configuration asks for its encryption: a warning says why.
    pub in_clear: bool,
    /// The interfaces that it has settings for.
    pub interfaces: Vec<Wanted>,
    /// What did not work and did not stop the node, each one line.
    pub warnings: Vec<String>,
}

impl Configured {
    /// All there is to say, one line each: first that the last good configuration stands in.
    pub fn notes(&self) -> Vec<String> {
        let instead = self.instead.iter().map(|problem| {
            let first = problem.text.lines().next().unwrap_or_default();
            let first = first.strip_prefix("error: ").unwrap_or(first);
            format!(
                "the last good configuration is in force. {}: {first}",
                problem.title
            )
        });
        instead.chain(self.warnings.iter().cloned()).collect()
    }
}
