//! What the agent answers.

use crate::{Record, StagedRelease};
use init_api::{PendingTrial, SlotRelease};
use serde::{Deserialize, Serialize};

/// An answer, one JSON line. [`Answer::Progress`] may come often before the one that ends the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Answer {
    /// To `Status`.
    Status {
        /// How it stands.
        report: Box<Report>,
    },
    /// To `Check`.
    Offers {
        /// The releases for this node's architecture, the newest first.
        offers: Vec<Offer>,
    },
    /// It goes on.
    Progress(Progress),
    /// To `Stage`: it is done.
    Staged {
        /// What stands in the spare slot now.
        staged: StagedRelease,
    },
    /// To `Activate` and `Rollback`: the node restarts now.
    Restarting {
        /// The version that is booted on trial.
        version: String,
    },
    /// It is not done.
    Refused {
        /// Why, and what can be done, for a person.
        reason: String,
    },
}

/// How upgrades stand on this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The release that runs.
    pub running: SlotRelease,
    /// Its trial, while it is on trial.
    pub trial: Option<PendingTrial>,
    /// What is being done.
    pub doing: Doing,
    /// What is kept: staged, previous and failed releases, and what happened.
    pub record: Record,
}

/// What the agent is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Doing {
    /// Nothing.
    Nothing,
    /// It writes a release to the spare slot.
    Staging(Progress),
    /// It waits until the running release has proved itself.
    Trial {
        /// What is not as it should be yet, a line each.
        waiting_for: Vec<String>,
    },
    /// The node restarts.
    Restarting,
}

/// How far staging is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// The release's version.
    pub version: String,
    /// What is done now: `compare`, `fetch`, `fetch delta`, `apply delta`, `verify`, `fetch boot files`, `boot files`.
    pub step: String,
    /// Bytes that are done of this step.
    pub done: u64,
    /// Bytes that there are.
    pub total: u64,
}

/// A release that a repository has for this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// Its version.
    pub version: String,
    /// The channels that have it.
    pub channels: Vec<String>,
    /// Those of them that have it for this node now, before any other release.
    #[serde(default)]
    pub given_by: Vec<String>,
    /// Why this node does not take it; none if it would.
    pub not_because: Option<String>,
    /// What it brings; empty if nobody wrote it down.
    pub changelog: String,
}
