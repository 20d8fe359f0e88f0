//! Hardware clocks that are years off.

use machine::{Clock, Spec};
use vm_tests::{Stage, scenario};

fn ready_with_clock(name: &str, time: &str) -> anyhow::Result<()> {
    scenario(name, |stage| {
        let vm = stage.machine(
            Spec {
                clock: Clock::At(time.to_owned()),
                ..Stage::spec()
            },
            None,
        )?;
        let mut node = stage.start(&vm)?;
        node.wait_ready(15)?;
        node.wait_for_system()?;
        stage.note(format!(
            "the node's time: {}",
            node.ssh("date -u +%FT%T")?.trim()
        ));
        Ok(())
    })
}

#[test]
#[ignore = "full tier"]
fn clock_at_1970() -> anyhow::Result<()> {
    ready_with_clock("clock_at_1970", "1970-01-01T00:00:00")
}

#[test]
#[ignore = "full tier"]
fn clock_at_2099() -> anyhow::Result<()> {
    ready_with_clock("clock_at_2099", "2099-01-01T00:00:00")
}
