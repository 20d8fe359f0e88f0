//! A machine that starts only what is signed with its owner's own keys.

use anyhow::ensure;
use machine::Spec;
use vm_tests::{OwnKeys, Stage};

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
