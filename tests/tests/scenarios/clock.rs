//! Hardware clocks that are years off.

use anyhow::ensure;
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
        let [now, built] = [
            "date +%s",
            "grep -o '[0-9]\\{9,\\}' /usr/lib/holdfast/release.json",
        ]
        .map(|question| anyhow::Ok(node.ssh(question)?.trim().parse::<u64>()?));
        let (now, built): (u64, u64) = (now?, built?);
        ensure!(
            now >= built,
            "the clock, {now}, stands before the image's build, {built}"
        );
        Ok(())
    })
}

/// A PC's clock holds two digits of the year, and its kernel reads 70 as 2070: to a PC, 1970 is far ahead.
#[test]
#[ignore = "full tier"]
fn clock_at_1970() -> anyhow::Result<()> {
    ready_with_clock("clock_at_1970", "1970-01-01T00:00:00")
}

/// What a PC's clock says after its battery has died: behind the image's build, so it is lifted.
#[test]
#[ignore = "full tier"]
fn clock_at_2000() -> anyhow::Result<()> {
    ready_with_clock("clock_at_2000", "2000-01-01T00:00:00")
}

/// The latest year that the firmware takes (edk2's `PcdMaximalValidYear`): the system sees it as it is.
#[test]
#[ignore = "full tier"]
fn clock_at_2097() -> anyhow::Result<()> {
    ready_with_clock("clock_at_2097", "2097-01-01T00:00:00")
}

/// The firmware sets so late a clock back by itself.
#[test]
#[ignore = "full tier"]
fn clock_at_2099() -> anyhow::Result<()> {
    ready_with_clock("clock_at_2099", "2099-01-01T00:00:00")
}
