//! The operator's own checks of a release on trial.
//!
//! A command is a file of the node's own configuration, named by the trial: whoever may ask for an upgrade can choose among the
//! programs that are there, not bring one.

mod http;
mod workload;

use crate::node::Node;
use anyhow::Context;
use host::Command;
use http::Http;
use init_api::{HealthCheck, paths};
use std::path::PathBuf;
use std::time::Duration;
use workload::Workloads;

/// How long one check may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The checks of one trial.
pub(crate) struct Checks {
    checks: Vec<HealthCheck>,
    http: Http,
    workloads: Workloads,
    root: PathBuf,
}

impl Checks {
    /// # Errors
    /// Nothing can be asked over HTTP in this program.
    pub(crate) fn new(node: &Node, checks: &[HealthCheck]) -> anyhow::Result<Self> {
        Ok(Self {
            checks: checks.to_vec(),
            http: Http::new(PATIENCE)?,
            workloads: Workloads::seen_with(node.path(paths::ADMIN_KUBECONFIG)),
            root: node.path("/"),
        })
    }

    /// Those that do not hold, a line each.
    pub(crate) async fn failing(&self) -> Vec<String> {
        let mut failing = Vec::new();
        for check in &self.checks {
            failing.extend(self.failure(check).await);
        }
        failing
    }

    /// The first that does not hold: of a node that is about to restart, one is enough, and somebody waits.
    pub(crate) async fn first_failing(&self) -> Option<String> {
        for check in &self.checks {
            let failure = self.failure(check).await;
            if failure.is_some() {
                return failure;
            }
        }
        None
    }

    async fn failure(&self, check: &HealthCheck) -> Option<String> {
        let held = tokio::time::timeout(PATIENCE, self.hold(check)).await;
        let held = held.unwrap_or_else(|_| {
            let seconds = PATIENCE.as_secs();
            Err(anyhow::anyhow!("no answer within {seconds} s"))
        });
        let error = held.err()?;
        Some(format!("check {check}: {error:#}"))
    }

    async fn hold(&self, check: &HealthCheck) -> anyhow::Result<()> {
        match check {
            HealthCheck::Http { url } => self.http.answers_well(url).await,
            HealthCheck::Workload {
                kind,
                namespace,
                name,
            } => self.workloads.is_complete(*kind, namespace, name).await,
            HealthCheck::Command { .. } => {
                let program = self.root.join(check.to_string().trim_start_matches('/'));
                let run = move || Command::new(program).within(PATIENCE).run();
                tokio::task::spawn_blocking(run)
                    .await
                    .context("the check broke off")??;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
