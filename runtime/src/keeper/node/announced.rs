//! Something about this machine, in a record of it in memory, that the cluster should know: a condition of the node, and an event each
//! time that it begins or says something else.
//!
//! Nobody looks at a console in a cupboard; who looks after a fleet looks at its cluster.

use crate::keeper::backoff::Backoff;
use crate::keeper::context::Keeper;
use crate::keeper::folder::{self, Folder};
use crate::keeper::kube_error::explain;
use crate::keeper::tell::Condition;
use init_api::Root;
use k8s_openapi::api::core::v1::Node;
use kube::api::Api;
use kube::{Client, Error};
use std::fs;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::time::sleep;

/// Somebody may have taken the condition away, with the node or alone; nobody tells of it here.
const AGAIN: Duration = Duration::from_secs(600);

/// What is announced.
pub(super) struct Announced {
    /// What its own trouble is reported under.
    pub(super) topic: &'static str,
    /// What the cluster cannot be shown then.
    pub(super) what: &'static str,
    /// The record.
    pub(super) record: &'static str,
    /// The condition as the machine, and the node in the cluster, are now; none to leave it as it is.
    pub(super) condition: fn(&Root, &Node) -> Option<Condition>,
}

/// The condition of a record that is there only while something is not as it should be.
pub(super) struct WhileThere {
    /// Its type.
    pub(super) kind: &'static str,
    /// The record, whose text is the message.
    pub(super) record: &'static str,
    /// The reason while it is there.
    pub(super) reason: &'static str,
    /// Reason and message when it is gone.
    pub(super) over: (&'static str, &'static str),
}

impl WhileThere {
    /// None on a node that never had the record: most never will.
    pub(super) fn condition(&self, root: &Root, node: &Node) -> Option<Condition> {
        let of = |holds, reason, message: &str| Condition {
            kind: self.kind,
            holds,
            reason,
            message: message.to_owned(),
        };
        match fs::read_to_string(root.path(self.record)) {
            Ok(notes) => Some(of(true, self.reason, notes.trim())),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let (reason, message) = self.over;
                let over = of(false, reason, message);
                over.of(node).is_some().then_some(over)
            }
            Err(_) => None,
        }
    }
}

impl Announced {
    /// Keeps the condition right for as long as the keeper runs.
    pub(super) async fn follow(&self, keeper: &Keeper, client: &Client) {
        let nodes: Api<Node> = Api::all(client.clone());
        let mut backoff = Backoff::new();
        let mut record = Folder::watch_file(&keeper.paths.at(self.record)).ok();
        loop {
            let pause = match self.bring_in_line(keeper, client, &nodes).await {
                Ok(()) => {
                    keeper.report.problems(self.topic, Vec::new());
                    backoff.reset();
                    AGAIN
                }
                // Not registered yet: it will be.
                Err(Error::Api(status)) if status.is_not_found() => backoff.pause(),
                Err(error) => {
                    let (what, why) = (self.what, explain(&error));
                    let problem = format!("the cluster cannot be shown {what}: {why}");
                    keeper.report.problems(self.topic, vec![problem]);
                    backoff.pause()
                }
            };
            tokio::select! {
                () = folder::changed(&mut record) => {}
                () = sleep(pause) => {}
            }
        }
    }

    async fn bring_in_line(
        &self,
        keeper: &Keeper,
        client: &Client,
        nodes: &Api<Node>,
    ) -> Result<(), Error> {
        let node = nodes.get(keeper.settings.node.name.as_str()).await?;
        let root = Root::new(keeper.paths.at("/"));
        match (self.condition)(&root, &node) {
            Some(condition) => condition.announce(client, &node).await,
            None => Ok(()),
        }
    }
}
