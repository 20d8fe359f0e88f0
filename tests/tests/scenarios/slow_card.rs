//! A release that is staged on a slow card: the node goes on beside it.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use vm_tests::{Node, Stage, next_release};

use crate::upgrade::{REPOSITORY, bring};

/// A card of class 4: bytes and operations a second.
const CARD: (u64, u64) = (4_000_000, 100);
/// The longest that a change may wait. A lease is lost after 10 s, and a node after 40.
const LONGEST: Duration = Duration::from_secs(10);
const SAID: &str = "/run/staged";

pub(crate) fn a_release_is_staged_on_a_slow_card(stage: &mut Stage) -> anyhow::Result<()> {
    let next = next_release()?;
    let node = stage.ready_node()?;
    bring(&node)?;
    // Read now, so that what is measured is writing.
    node.ssh(&format!(
        "sync; find {REPOSITORY} -type f -exec cat {{}} + | wc -c"
    ))?;
    node.throttle_disk(CARD.0, CARD.1)?;
    node.ssh(&format!(
        "setsid sh -c 'holdfast upgrade stage --source {REPOSITORY} --version {next}; echo ended with $?' > {SAID} 2>&1 < /dev/null &"
    ))?;
    let began = Instant::now();
    let mut waits = Vec::new();
    while !node.ssh(&format!("cat {SAID}"))?.contains("ended with") {
        ensure!(
            began.elapsed() < Duration::from_secs(1800),
            "it is not staged after half an hour"
        );
        let asked = Instant::now();
        changes(&node, waits.len())
            .with_context(|| format!("{:.0} s after it began", began.elapsed().as_secs_f64()))?;
        waits.push(asked.elapsed());
    }
    let said = node.ssh(&format!("cat {SAID}"))?;
    ensure!(said.contains("ended with 0"), "{said}");
    let worst = waits.iter().max().copied().unwrap_or_default();
    stage.note(format!(
        "staged in {:.0} s at {} MB/s; {} changes meanwhile, the slowest took {:.1} s",
        began.elapsed().as_secs_f64(),
        CARD.0 / 1_000_000,
        waits.len(),
        worst.as_secs_f64()
    ));
    node.throttle_disk(0, 0)?;
    ensure!(
        worst < LONGEST,
        "a change waited {:.1} s",
        worst.as_secs_f64()
    );
    Ok(())
}

/// Changes something in the cluster, which waits for the datastore's flush.
fn changes(node: &Node, number: usize) -> anyhow::Result<()> {
    let name = format!("change-{number}");
    let words = ["create", "configmap", &name, "--request-timeout=120s"];
    node.kubectl()?.run(&words)?;
    Ok(())
}
