//! Disks that are not what they should be.

use anyhow::{Context, ensure};
use machine::{Event, Vm};
use vm_tests::{Node, Stage, scenario};

/// Overwrites `length` bytes from the beginning of a partition with zeros.
fn wipe(vm: &Vm, partition: &str, length: usize) -> anyhow::Result<()> {
    let disk = vm.disk();
    let place = disk.partition(partition)?;
    let zeros = vm.dir().join("zeros");
    std::fs::write(&zeros, vec![0u8; length]).context("cannot write zeros")?;
    disk.insert(place.offset, &zeros)?;
    Ok(())
}

/// The first MiB of a partition.
fn head(vm: &Vm, partition: &str) -> anyhow::Result<Vec<u8>> {
    let disk = vm.disk();
    let file = vm.dir().join("head");
    disk.extract(disk.partition(partition)?.offset, 1 << 20, &file)?;
    std::fs::read(&file).context("cannot read the partition's head")
}

fn wait_for_maintenance(node: &mut Node) -> anyhow::Result<String> {
    node.wait_for_event("maintenance mode", 300, |event| match event {
        Event::Maintenance(text) => Some(text.clone()),
        _ => None,
    })
}

#[test]
fn a_flipped_bit_in_the_root_is_not_booted() -> anyhow::Result<()> {
    scenario("a_flipped_bit_in_the_root_is_not_booted", |stage| {
        let vm = stage.machine(Stage::spec(), None)?;
        // The superblock: no file of the root can be read without it.
        let root = vm.disk().partition("root-a")?;
        vm.disk().flip_bit(root.offset + 1024)?;
        let mut node = stage.start(&vm)?;
        let line = node.wait_for_text("verity: ", 300)?;
        ensure!(
            line.text.contains("corrupted"),
            "the kernel says {:?}",
            line.text
        );
        stage.note(line.text);
        // The kernel starts anew, and comes no further the second time.
        for _ in 0..2 {
            node.wait_for_text("dm-verity device corrupted", 300)?;
        }
        ensure!(
            !node.console().contains("service udevd"),
            "services were started from a damaged root"
        );
        Ok(())
    })
}

#[test]
fn a_missing_config_partition_is_said() -> anyhow::Result<()> {
    scenario("a_missing_config_partition_is_said", |stage| {
        let vm = stage.machine(Stage::spec(), None)?;
        wipe(&vm, "CONFIG", 1 << 20)?;
        let mut node = stage.start(&vm)?;
        node.wait_for_text("CONFIG", 300)?;
        let said = wait_for_maintenance(&mut node)?;
        stage.note(said);
        Ok(())
    })
}

#[test]
fn a_corrupt_state_partition_is_never_made_anew() -> anyhow::Result<()> {
    scenario("a_corrupt_state_partition_is_never_made_anew", |stage| {
        let node = stage.ready_node()?;
        let vm = node.power_down()?;
        wipe(&vm, "state", 1 << 20)?;
        let mut node = stage.start(&vm)?;
        let said = wait_for_maintenance(&mut node)?;
        stage.note(said);
        let vm = node.power_cut()?;
        ensure!(
            head(&vm, "state")?.iter().all(|byte| *byte == 0),
            "something was written onto the damaged state"
        );
        Ok(())
    })
}
