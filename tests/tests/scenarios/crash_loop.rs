//! An engine that dies again and again.

use anyhow::ensure;
use machine::Event;
use vm_tests::scenario;

/// Deaths, one after each restart.
const KILLS: usize = 4;

#[test]
#[ignore = "full tier"]
fn an_engine_that_crashes_comes_back() -> anyhow::Result<()> {
    scenario("an_engine_that_crashes_comes_back", |stage| {
        let mut node = stage.ready_node()?;
        let mut pauses = Vec::new();
        for _ in 0..KILLS {
            node.until("the engine's process", 120, |node| {
                node.ssh("pkill -KILL -f '^[^ ]*engine run'")
            })?;
            let text =
                node.wait_for_event("the restart of the engine", 300, |event| match event {
                    Event::Service { name, text, .. } if name == "kubernetes" => Some(text.clone()),
                    _ => None,
                })?;
            pauses.push(text);
        }
        stage.note(pauses.join("; "));
        node.wait_words(&[
            "wait",
            "--for=condition=Ready",
            "--timeout=600s",
            "nodes",
            "--all",
        ])?;
        let status = node.ssh("holdfast status")?;
        ensure!(status.contains("Ready"), "holdfast status: {status}");
        Ok(())
    })
}
