//! A PID 1 that hangs.

use anyhow::ensure;
use machine::Event;
use vm_tests::{Node, Stage, hang};

/// Prints what is another at each boot.
const BOOT: &str = "cat /proc/sys/kernel/random/boot_id";
/// PID 1 asks the hardware to wait so long; the console is read a while longer.
const BITES_WITHIN: u64 = 60 + 180;

/// Nothing but the hardware watchdog can help then: it resets the machine, and the node comes back.
pub(crate) fn a_hanging_pid_1_is_reset_by_the_watchdog(stage: &mut Stage) -> anyhow::Result<()> {
    let mut node = stage.ready_node()?;
    let before = node.ssh(BOOT)?;
    node.send_program(&hang()?, "/run/hang")?;
    node.ssh("setsid /run/hang 1 > /run/said 2>&1 < /dev/null &")?;
    node.until("PID 1 to stand still", 60, |node| {
        let said = node.ssh("cat /run/said && grep ^State /proc/1/status")?;
        ensure!(
            said.contains("stopped 1") && said.contains("tracing stop"),
            "{said}"
        );
        Ok(())
    })?;
    let begun = std::time::Instant::now();
    first_phase(&mut node, BITES_WITHIN)?;
    stage.note(format!(
        "the machine started anew {} s after PID 1 stood still",
        begun.elapsed().as_secs()
    ));
    node.wait_ready(15)?;
    ensure!(node.ssh(BOOT)? != before, "it is the same boot");
    Ok(())
}

/// Waits for the first words of a new boot.
fn first_phase(node: &mut Node, seconds: u64) -> anyhow::Result<()> {
    node.wait_for_event("the new boot's first phase", seconds, |event| {
        matches!(event, Event::Phase { at, .. } if *at < 15.0).then_some(())
    })
}
