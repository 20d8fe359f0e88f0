//! Damage that is over, and of which records are kept in a folder: told on the console page and in `holdfast status`, by a
//! condition of the node and by an event, for as long as a record is kept.

use super::backoff::Backoff;
use super::context::Keeper;
use super::folder::{self, Folder};
use super::tell::{Condition, Warning, node_reference};
use k8s_openapi::api::core::v1::Node;
use kube::api::Api;
use kube::{Client, Error};
use std::path::Path;
use tokio::time::sleep;
use tracing::debug;

/// What a record of it says.
pub(super) trait Damage {
    /// Tells it from all others: the end of its event's name.
    fn once(&self) -> String;
    /// A word for machines.
    fn reason(&self) -> &'static str;
    /// For people.
    fn message(&self) -> String;
}

/// A kind of damage.
pub(super) struct KeptDamage<R> {
    /// What was damaged: what it is reported under.
    pub(super) topic: &'static str,
    /// The condition of the node, and the reason of the events.
    pub(super) condition: &'static str,
    /// What the condition says when there is no record any more.
    pub(super) whole: &'static str,
    /// The records in their folder, the oldest first.
    pub(super) all: fn(&Path) -> Vec<R>,
}

impl<R: Damage> KeptDamage<R> {
    /// Shows it on this machine, whether or not the API answers.
    pub(super) async fn show(&self, keeper: &Keeper, folder: &Path) {
        let mut watched = Folder::watch(folder).ok();
        loop {
            let problems = (self.all)(folder).iter().map(R::message).collect();
            keeper.report.problems(self.topic, problems);
            folder::changed(&mut watched).await;
        }
    }

    /// Keeps the node's condition as things are, and makes an event of each damage. A failure is tried again.
    pub(super) async fn tell(&self, keeper: &Keeper, client: &Client, folder: &Path) {
        let name = keeper.settings.node.name.as_str();
        let mut backoff = Backoff::new();
        let mut watched = Folder::watch(folder).ok();
        loop {
            match self.bring_in_line(client, name, folder).await {
                Ok(()) => {
                    backoff.reset();
                    folder::changed(&mut watched).await;
                }
                // The node may not be registered yet.
                Err(error) => {
                    debug!("cannot tell of damage ({}): {error}", self.topic);
                    sleep(backoff.pause()).await;
                }
            }
        }
    }

    async fn bring_in_line(&self, client: &Client, name: &str, folder: &Path) -> Result<(), Error> {
        let records = (self.all)(folder);
        let nodes: Api<Node> = Api::all(client.clone());
        let node = nodes.get(name).await?;
        if let Some(condition) = self.condition(&node, &records) {
            condition.ensure(client, &node).await?;
        }
        for record in &records {
            let warning = Warning {
                once: Some(record.once()),
                reason: self.condition,
                message: record.message(),
            };
            warning.publish(client, &node_reference(&node)).await?;
        }
        Ok(())
    }

    /// How things are; none if all is well and always was.
    pub(super) fn condition(&self, node: &Node, records: &[R]) -> Option<Condition> {
        if let Some(record) = records.last() {
            return Some(Condition {
                kind: self.condition,
                holds: true,
                reason: record.reason(),
                message: record.message(),
            });
        }
        let whole = Condition {
            kind: self.condition,
            holds: false,
            reason: "Whole",
            message: self.whole.to_owned(),
        };
        whole.of(node).is_some().then_some(whole)
    }
}
