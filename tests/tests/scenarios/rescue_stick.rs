//! A stick with a script that the keys of releases vouch for, in a machine that nobody can log in to.

use anyhow::ensure;
use vm_tests::{Node, Stage, rescue_stick};

/// Who flashed it forgot the keys.
const LOCKED: &str = "version: 1\nhostname: node\n";
/// What the scripts leave on the machine.
const RAN: &str = "/var/ran";

/// The first script fails and the machine stays where it is; the next one lets its owner in again, and the machine is a node with the
/// stick still in it.
pub(crate) fn a_signed_script_lets_its_owner_in(stage: &mut Stage) -> anyhow::Result<()> {
    let mut vm = stage.ready_node()?.power_down()?;
    let config = vm.dir().join("stick/config-with-keys.yaml");
    let folder = vm.dir().join("stick");
    rescue_stick(
        &folder,
        &format!("echo first >>{RAN}\necho this one fails\nexit 3\n"),
    )?;
    std::fs::write(&config, Stage::config(&vm)?)?;
    vm.place_config(LOCKED)?;
    vm.place_stick_of(&folder)?;
    vm.change(|spec| spec.stick = true)?;
    let mut node = stage.start(&vm)?;
    node.wait_for_text("the rescue script on the USB stick", 300)?;
    node.wait_for_text("service rescue failed", 300)?;
    let mut vm = node.power_cut()?;

    rescue_stick(
        &folder,
        &format!(
            "set -e\necho second >>{RAN}\nmount -o remount,rw /config\ncp \"$1/config-with-keys.yaml\" /config/config.yaml\n\
             sync\nmount -o remount,ro /config\necho the keys are back\n"
        ),
    )?;
    vm.place_stick_of(&folder)?;
    vm.change(|spec| spec.stick = true)?;
    let mut node = stage.start(&vm)?;
    node.wait_for_text("the rescue script on the USB stick", 300)?;
    node.next_boot()?;
    node.wait_ready(15)?;
    let ran = node.ssh(&format!("cat {RAN}"))?;
    ensure!(
        ran == "first\nsecond\n" || ran == "first\nsecond",
        "{ran:?}"
    );
    says_so(&node)?;
    node.power_down()?;
    Ok(())
}

/// The node says why it was restarted and why the stick is left alone, and the stick has what the script said.
fn says_so(node: &Node) -> anyhow::Result<()> {
    let status = node.ssh("holdfast status")?;
    for expected in [
        "asked for by the rescue script of a USB stick",
        "it was begun on this machine at",
    ] {
        ensure!(
            status.contains(expected),
            "holdfast status does not say {expected:?}: {status}"
        );
    }
    let log = node.ssh(
        "mkdir -p /run/look && mount -o ro /dev/disk/by-label/HOLDFAST /run/look && cat /run/look/rescue-node.log",
    )?;
    ensure!(log.contains("the keys are back"), "the stick has {log:?}");
    Ok(())
}
