//! What the agent can be asked.

use init_api::HealthCheck;
use serde::{Deserialize, Serialize};

/// A request, one JSON line. The socket belongs to root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// How it stands.
    Status,
    /// What a repository has for this node.
    Check {
        /// The repository: a URL or a folder.
        source: String,
    },
    /// Write a release to the spare slot.
    Stage(StageRequest),
    /// Boot the staged release on trial.
    Activate {
        /// How many seconds after the kernel's start it has to be confirmed.
        deadline_s: u64,
        /// What has to hold beside the node being Ready.
        #[serde(default)]
        checks: Vec<HealthCheck>,
    },
    /// Boot the release before this one on trial.
    Rollback {
        /// As for [`Request::Activate`].
        deadline_s: u64,
        /// Also if its Kubernetes is older by a minor than the one that writes the datastore.
        #[serde(default)]
        older_kubernetes: bool,
    },
}

/// A release to be staged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageRequest {
    /// The repository: a URL or a folder.
    pub source: String,
    /// Which release of it.
    pub wanted: Wanted,
    /// Also one that failed on this node before.
    #[serde(default)]
    pub again: bool,
    /// Also one that is older than what runs, if it was published as one to go back to.
    #[serde(default)]
    pub allow_downgrade: bool,
}

/// Which release is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Wanted {
    /// This one.
    Version(String),
    /// The newest of a channel.
    Channel(String),
}
