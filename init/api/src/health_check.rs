//! What else has to hold before a release on trial is kept, beside the node being Ready.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A check. The release before writes it down with the trial, and the release on trial carries it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HealthCheck {
    /// GET answers with a status from 200 to 299.
    Http {
        /// What is asked.
        url: String,
    },
    /// The program of this name in [`crate::paths::CHECKS`] ends with 0.
    Command {
        /// Its name.
        name: String,
    },
    /// A workload of the cluster has all the pods that it wants, of its newest form.
    Workload {
        /// What it is.
        kind: WorkloadKind,
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
}

/// What can be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkloadKind {
    /// A `Deployment`.
    Deployment,
    /// A `StatefulSet`.
    StatefulSet,
    /// A `DaemonSet`.
    DaemonSet,
}

impl fmt::Display for HealthCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { url } => f.write_str(url),
            Self::Command { name } => write!(f, "{}/{name}", crate::paths::CHECKS),
            Self::Workload {
                kind,
                namespace,
                name,
            } => write!(f, "{kind:?} {namespace}/{name}"),
        }
    }
}
