//! Moving pods away before the machine goes down.

use anyhow::{Context, bail};
use host::Command;
use init_api::Status;
use std::fs;
use std::time::Duration;

const KUBECTL: &str = "/usr/bin/kubectl";
const ADMIN: &str = "--kubeconfig=/run/holdfast/cluster/admin.kubeconfig";
const BOOT: &str = "/proc/sys/kernel/random/boot_id";
/// The keeper lets pods come again in a boot whose id is not the one in this annotation
/// (`runtime/src/keeper/node/drained.rs`).
const DRAINED: &str = "holdfast.dev/drained-in-boot";
/// As `kubectl drain --timeout` takes it.
const PATIENCE: &str = "--timeout=5m";
/// The same and a little more, for a kubectl that hangs.
const LONGEST: Duration = Duration::from_secs(330);

/// Drains this node. If that cannot be done, it takes pods again at once, unless somebody else had cordoned it.
pub(super) fn drain(status: &Status) -> anyhow::Result<()> {
    let Some(node) = &status.node else {
        bail!("there is no node to drain yet; `holdfast status` shows what it waits for");
    };
    let boot = fs::read_to_string(BOOT).with_context(|| format!("cannot read {BOOT}"))?;
    let is_cordoned = kubectl(&[
        "get",
        "node",
        &node.name,
        "-o=jsonpath={.spec.unschedulable}",
    ])
    .run()
    .context("cannot ask whether the node takes pods")?;
    let ours = is_cordoned.text().trim() != "true";
    if ours {
        // Before the cordon: a power cut between the two must not leave a node that takes no pods for ever.
        let note = format!("{DRAINED}={}", boot.trim());
        kubectl(&["annotate", "node", &node.name, "--overwrite", &note])
            .run()
            .context("cannot note that the node is drained")?;
    }
    let drained = kubectl(&[
        "drain",
        &node.name,
        "--ignore-daemonsets",
        "--delete-emptydir-data",
        PATIENCE,
    ])
    .within(LONGEST)
    .run_shown();
    let Err(error) = drained else {
        return Ok(());
    };
    if ours {
        take_back(&node.name)?;
    }
    Err(error).context("not all pods can be moved away, so the machine stays up; without --drain it goes down and ends them")
}

fn take_back(node: &str) -> anyhow::Result<()> {
    let annotation = format!("{DRAINED}-");
    for command in [
        &["uncordon", node][..],
        &["annotate", "node", node, &annotation],
    ] {
        kubectl(command).run().context(
            "not all pods can be moved away, and the node cannot be told to take pods again",
        )?;
    }
    Ok(())
}

fn kubectl(arguments: &[&str]) -> Command {
    Command::new(KUBECTL).arg(ADMIN).args(arguments)
}
