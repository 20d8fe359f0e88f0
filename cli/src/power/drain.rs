//! Moving pods away before the machine goes down.
//!
//! Guarantee: when the machine does not go down after all (not all pods can be moved, a person gives up, the connection that
//! asked is lost, PID 1 refuses), the node takes pods again at once, unless somebody else had cordoned it.

mod kubectl;
#[cfg(test)]
mod tests;

use anyhow::{Context, anyhow, bail};
use init_api::Status;
use kubectl::Kubectl;
use std::fs;

const BOOT: &str = "/proc/sys/kernel/random/boot_id";
/// The keeper lets pods come again in a boot whose id is not the one in this annotation
/// (`runtime/src/keeper/node/drained.rs`).
const DRAINED: &str = "holdfast.dev/drained-in-boot";
/// As `kubectl drain --timeout` takes it; [`kubectl::LONGEST`] is a little more.
const PATIENCE: &str = "--timeout=5m";

/// A node without pods, which takes no new ones.
pub(super) struct Drained {
    kubectl: Kubectl,
    node: String,
    /// Nobody else had cordoned it.
    ours: bool,
}

/// Drains this node.
pub(super) fn drain(status: &Status) -> anyhow::Result<Drained> {
    let Some(node) = &status.node else {
        bail!("there is no node to drain yet; `holdfast status` shows what it waits for");
    };
    drain_by(Kubectl::that_can_be_stopped()?, &node.name)
}

fn drain_by(kubectl: Kubectl, node: &str) -> anyhow::Result<Drained> {
    let boot = fs::read_to_string(BOOT).with_context(|| format!("cannot read {BOOT}"))?;
    let is_cordoned = kubectl
        .run(&["get", "node", node, "-o=jsonpath={.spec.unschedulable}"])
        .context("cannot ask whether the node takes pods")?;
    let drained = Drained {
        kubectl,
        node: node.to_owned(),
        ours: is_cordoned.trim() != "true",
    };
    match drained.send_pods_away(boot.trim()) {
        Ok(()) => Ok(drained),
        Err(error) => Err(drained.take_back(error)),
    }
}

impl Drained {
    /// Lets the machine go down by `ask`. If that fails, or somebody has given up before it, the node takes pods again.
    pub(super) fn then(self, ask: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
        let asked = self.kubectl.not_stopped().and_then(|()| ask());
        asked.map_err(|error| self.take_back(error))
    }

    fn send_pods_away(&self, boot: &str) -> anyhow::Result<()> {
        self.kubectl.not_stopped()?;
        if self.ours {
            // Before the cordon: a power cut between the two must not leave a node that takes no pods for ever.
            let note = format!("{DRAINED}={boot}");
            self.kubectl
                .run(&["annotate", "node", &self.node, "--overwrite", &note])
                .context("cannot note that the node is drained")?;
        }
        self.kubectl.run_until_stopped(&[
            "drain",
            &self.node,
            "--ignore-daemonsets",
            "--delete-emptydir-data",
            PATIENCE,
        ])
        .context("not all pods can be moved away, so the machine stays up; without --drain it goes down and ends them")
    }

    /// Undoes what was done, and gives what there is to say: `why`, and more if the node still takes no pods. Nothing is
    /// printed before: the terminal may be gone.
    fn take_back(&self, why: anyhow::Error) -> anyhow::Error {
        if !self.ours {
            return why;
        }
        // In this order: with the annotation, a node that stays cordoned takes pods after its next boot.
        let annotation = format!("{DRAINED}-");
        let taken = self.kubectl.run(&["uncordon", &self.node]).and_then(|_| {
            self.kubectl
                .run(&["annotate", "node", &self.node, &annotation])
        });
        match taken {
            Ok(_) => why,
            Err(error) => {
                let node = &self.node;
                let how = format!(
                    "the node cannot be told to take pods again; `kubectl uncordon {node}` does it"
                );
                anyhow!("{error:#}")
                    .context(how)
                    .context(format!("{why:#}"))
            }
        }
    }
}
