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
    /// What becomes the last good configuration when the node has been Ready with this one; none if it is that already, is on trial,
    /// or is the last good one itself.
    #[serde(default)]
    pub tried: Option<Tried>,
    /// State lies on the disk in clear, though the configuration asks for its encryption: a warning says why.
    pub in_clear: bool,
    /// The interfaces that it has settings for.
    pub interfaces: Vec<Wanted>,
    /// What of the configuration is not in force, though the node runs by it, each one line: what was tried and failed, and what was
    /// left out.
    #[serde(default)]
    pub failed: Vec<String>,
    /// What else a person should know, each one line.
    pub warnings: Vec<String>,
}

/// A configuration with which the node has yet to be Ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tried {
    /// Its file on state.
    pub file: String,
    /// What that is renamed to.
    pub becomes: String,
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
        let rest = self.failed.iter().chain(&self.warnings).cloned();
        instead.chain(rest).collect()
    }
}
