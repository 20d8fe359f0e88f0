//! Disks that are not what they should be.

use std::fs::File;
use std::os::unix::fs::FileExt;

use anyhow::{Context, ensure};
use disk::{Geometry, Sector, gpt};
use machine::{Event, Partition, Vm};
use vm_tests::{Node, Stage};

use crate::config_change::config;
use crate::state::State;

/// Overwrites `length` bytes from the beginning of a partition with zeros.
fn wipe(vm: &Vm, partition: &str, length: usize) -> anyhow::Result<()> {
    let disk = vm.disk();
    let place = disk.partition(partition)?;
    let zeros = vm.dir().join("zeros");
    std::fs::write(&zeros, vec![0u8; length]).context("cannot write zeros")?;
    disk.insert(place.offset, &zeros)?;
    Ok(())
}

/// Takes a partition's entry out of both copies of the table; what the partition held stays where it is.
fn remove_entry(vm: &Vm, partition: &str) -> anyhow::Result<()> {
    let disk = vm.disk();
    let whole = vm.dir().join("whole");
    disk.extract(0, gpt::ALIGNMENT, &whole)?;
    let mut file = File::options().read(true).write(true).open(&whole)?;
    // Tables are read and written on whole disks; behind its first MiB a hole will do.
    let size = u64::from(vm.spec().disk_gib) << 30;
    file.set_len(size)?;
    let mut table = gpt::current(&file, Geometry::new(Sector::Bytes512, size))?;
    let before = table.partitions.len();
    table.partitions.retain(|one| one.name != partition);
    ensure!(
        table.partitions.len() + 1 == before,
        "the disk has no single partition {partition}"
    );
    gpt::write(&mut file, &table)?;

    let backup = (table.last_usable() + 1) * table.sector.bytes();
    let piece = vm.dir().join("piece");
    for (from, to) in [(0, gpt::ALIGNMENT), (backup, table.disk_size())] {
        let mut bytes = vec![0; usize::try_from(to - from)?];
        file.read_exact_at(&mut bytes, from)?;
        std::fs::write(&piece, bytes)?;
        disk.insert(from, &piece)?;
    }
    Ok(())
}

/// The first MiB of a partition, or of what was one.
fn head(vm: &Vm, place: &Partition) -> anyhow::Result<Vec<u8>> {
    let file = vm.dir().join("head");
    vm.disk().extract(place.offset, 1 << 20, &file)?;
    std::fs::read(&file).context("cannot read the partition's head")
}

fn wait_for_maintenance(node: &mut Node) -> anyhow::Result<String> {
    node.wait_for_event("maintenance mode", 300, |event| match event {
        Event::Maintenance(text) => Some(text.clone()),
        _ => None,
    })
}

/// Waits for the page of maintenance mode and for its line with the problem's title, which must say `text` too.
fn wait_for_problem(node: &mut Node, title: &str, text: &str) -> anyhow::Result<String> {
    wait_for_maintenance(node)?;
    // With what follows it: the last output of a failing service repeats the title alone.
    let line = node.wait_for_text(&format!("{title}: "), 60)?.text;
    ensure!(line.contains(text), "the console says {line:?}");
    Ok(line)
}

pub(crate) fn a_flipped_bit_in_the_root_is_not_booted(stage: &mut Stage) -> anyhow::Result<()> {
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
}

pub(crate) fn a_missing_config_partition_is_said(stage: &mut Stage) -> anyhow::Result<()> {
    let vm = stage.machine(Stage::spec(), None)?;
    let place = vm.disk().partition("CONFIG")?;
    let held = head(&vm, &place)?;
    remove_entry(&vm, "CONFIG")?;
    let mut node = stage.start(&vm)?;
    let said = wait_for_problem(
        &mut node,
        "The CONFIG partition is missing",
        "has no partition named CONFIG. Seen on it: ",
    )?;
    stage.note(said);
    // The way out that does not depend on what has become of the table.
    node.wait_for_text("a USB stick with the label HOLDFAST", 60)?;
    let vm = node.power_cut()?;
    ensure!(
        head(&vm, &place)? == held,
        "something was written where CONFIG was"
    );
    Ok(())
}

pub(crate) fn an_unreadable_config_partition_is_said(stage: &mut Stage) -> anyhow::Result<()> {
    let vm = stage.machine(Stage::spec(), None)?;
    wipe(&vm, "CONFIG", 1 << 20)?;
    let mut node = stage.start(&vm)?;
    let said = wait_for_problem(
        &mut node,
        "The CONFIG partition cannot be read",
        "it holds neither FAT nor ext4",
    )?;
    stage.note(said);
    Ok(())
}

pub(crate) fn a_corrupt_state_partition_is_never_made_anew(
    stage: &mut Stage,
) -> anyhow::Result<()> {
    let node = stage.ready_node()?;
    let told_to_stop = config(&node, "state: {when_damaged: stop}\n")?;
    node.write("/run/new.yaml", &told_to_stop)?;
    node.ssh("holdfast config apply /run/new.yaml")?;
    let vm = node.power_down()?;
    wipe(&vm, "state", 1 << 20)?;
    let mut node = stage.start(&vm)?;
    let said = wait_for_problem(&mut node, "The state partition cannot be used", "e2fsck -p")?;
    stage.note(said);
    let cure = node
        .wait_for_text("`state.when_damaged` is `stop`", 60)?
        .text;
    ensure!(
        cure.contains("repair it over ssh with `e2fsck -y /dev/"),
        "the cure is {cure:?}"
    );
    let vm = node.power_cut()?;
    ensure!(
        head(&vm, &vm.disk().partition("state")?)?
            .iter()
            .all(|byte| *byte == 0),
        "something was written onto the damaged state"
    );
    Ok(())
}

/// What `e2fsck -p` leaves to a person: a file whose blocks cannot be known any more.
const LOST_FILE: [&str; 2] = [
    "set_inode_field /var/lost block[0] 0xffff",
    "set_super_value state 2",
];

/// The node repairs it at the next boot, and goes on; it says so on the node and in the cluster, until it is told to be quiet.
fn repaired_at_a_risk(stage: &mut Stage, vm: Vm) -> anyhow::Result<Vm> {
    let state = State::copy(&vm)?.context("the state partition is gone")?;
    state.change(&LOST_FILE)?;
    state.put_back()?;
    let mut node = stage.start(&vm)?;
    let said = node.wait_for_text("the state partition was damaged and was repaired", 120)?;
    stage.note(said.text);
    node.wait_ready(15)?;
    ensure!(node.ssh("cat /var/kept")? == "kept", "another file is lost");
    let records = "/var/lib/holdfast/state-repairs";
    node.until("the node's condition", 60, |node| {
        let message = node.kubectl()?.run(&[
            "get",
            "node",
            "-o",
            r#"jsonpath={.items[0].status.conditions[?(@.type=="StateDamaged")].message}"#,
        ])?;
        ensure!(message.contains("files on it may be lost"), "{message:?}");
        Ok(())
    })?;
    let undo = node.ssh(&format!("ls {records}/1 && ls /config"))?;
    ensure!(
        undo.matches(".e2undo").count() == 1,
        "one undo file, and none is left on CONFIG: {undo}"
    );
    node.ssh(&format!("rm -r {records}/1"))?;
    node.power_down()
}

/// What errors leave that a file system notices while it is in use: a wrong count, and the mark that asks for a check.
const DAMAGE: [&str; 3] = [
    "set_inode_field /var/kept links_count 7",
    "set_super_value free_blocks_count 4711",
    "set_super_value state 2",
];

pub(crate) fn a_repairable_state_partition_is_repaired_and_it_is_said(
    stage: &mut Stage,
) -> anyhow::Result<()> {
    let node = stage.ready_node()?;
    node.write("/var/kept", "kept")?;
    node.write("/var/lost", "lost")?;
    let vm = node.power_down()?;
    let state = State::copy(&vm)?.context("the state partition is not made")?;
    let before = state.identity()?;
    state.change(&DAMAGE)?;
    let errors = state.errors()?.context("the damage is none")?;
    ensure!(errors.contains("ref count is 7"), "e2fsck -n: {errors}");
    state.put_back()?;

    let mut node = stage.start(&vm)?;
    let said = node.wait_for_text("the state partition had errors, which were", 120)?;
    stage.note(said.text);
    node.wait_ready(15)?;
    let kept = node.ssh("cat /var/kept")?;
    ensure!(kept == "kept", "the file holds {kept:?}");
    let status = node.ssh("holdfast status")?;
    ensure!(
        status.contains("note: the state partition had errors, which were repaired"),
        "holdfast status: {status}"
    );
    let log = node.ssh("holdfast logs e2fsck")?;
    ensure!(log.contains("ref count is 7"), "e2fsck's log: {log}");

    let vm = node.power_down()?;
    let vm = repaired_at_a_risk(stage, vm)?;
    let state = State::copy(&vm)?.context("the state partition is gone")?;
    ensure!(
        before.lost_in(&state.identity()?).is_empty(),
        "the node has become another one"
    );
    let errors = state.errors()?;
    ensure!(errors.is_none(), "after the repair: {errors:?}");
    Ok(())
}

/// An error that the kernel finds while the node runs: the machine says so, restarts by itself, and is a node again.
pub(crate) fn a_state_that_the_kernel_closes_is_mended(stage: &mut Stage) -> anyhow::Result<()> {
    let mut node = stage.ready_node()?;
    let device = node.ssh("basename $(readlink -f /dev/disk/by-partlabel/state)")?;
    node.ssh(&format!(
        "echo 1 > /sys/fs/ext4/{}/trigger_fs_error",
        device.trim()
    ))?;
    node.wait_for_text("the kernel takes no more writes to it", 120)?;
    node.wait_for_text("ending services", 900)?;
    node.next_boot()?;
    node.wait_ready(15)?;
    node.ssh("touch /var/writable && rm /var/writable")?;
    let log = node.ssh("cat /run/log/holdfast/e2fsck.log")?;
    stage.note(log.split_whitespace().collect::<Vec<_>>().join(" "));
    node.power_down()?;
    Ok(())
}
