//! A machine that starts only what is signed with its owner's own keys.

use anyhow::{Context, ensure};
use machine::Spec;
use vm_tests::{Node, OwnKeys, Stage};

use crate::upgrade::{bring, stage_release, status};

/// What the firmware says of a program that it does not start.
const REFUSED: &str = "Access Denied";

/// The keys are made for this run. The signed image enrolls them by itself, as systemd-boot does in a virtual machine whose
/// firmware has none yet; from then on the firmware checks.
pub(crate) fn a_boot_signed_with_own_keys(stage: &mut Stage) -> anyhow::Result<()> {
    let spec = || Spec {
        secure_boot: true,
        ..Stage::spec()
    };
    let keys = OwnKeys::make()?;
    let vm = stage.machine_from(&keys.image()?, spec())?;
    vm.place_config(&Stage::config(&vm)?)?;
    keys.enroll(&vm)?;
    let mut node = stage.start(&vm)?;
    node.wait_ready(20)?;
    let state = node.ssh("od -An -tu1 -j4 /sys/firmware/efi/efivars/SecureBoot-*")?;
    ensure!(state.trim() == "1", "the firmware's SecureBoot is {state}");
    // Its console has warnings alone.
    let kernel = node.ssh("dmesg")?;
    ensure!(
        kernel.contains("Secure boot enabled"),
        "the kernel does not say that signatures are checked: {kernel}"
    );
    stage.note(unsigned_release_is_refused(&node)?);
    let vm = node.power_down()?;

    // The same machine, with the image that nobody signed.
    let other = stage.bare_machine(spec())?;
    std::fs::copy(vm.dir().join("vars.fd"), other.dir().join("vars.fd"))?;
    let mut refused = stage.start(&other)?;
    let line = refused.wait_for_text(REFUSED, 180)?;
    stage.note(line.text);
    ensure!(
        !refused.console().contains("holdfast: "),
        "an image that nobody signed was started"
    );
    Ok(())
}

/// The next release's UKI is signed by nobody: the node says so, and writes nothing of it. Gives what it says.
fn unsigned_release_is_refused(node: &Node) -> anyhow::Result<String> {
    bring(node)?;
    let slot = || node.ssh("head -c 16M /dev/disk/by-partlabel/root-b | sha256sum");
    let before = slot()?;
    let refused = stage_release(node, "").err();
    let said = format!("{:#}", refused.context("an unsigned release was staged")?);
    ensure!(
        said.contains("Secure Boot is on, and it does not trust the UKI: it is not signed"),
        "the refusal is {said}"
    );
    let status = status(node)?;
    ensure!(
        status
            .pointer("/record/staged")
            .is_none_or(serde_json::Value::is_null),
        "it is staged: {status}"
    );
    ensure!(slot()? == before, "the spare slot was written to");
    Ok(said)
}
