//! Whether the machine's firmware is new enough for the switch between slots that it makes itself.

use crate::node::Node;
use anyhow::bail;
use init_api::{KnownMachine, Root, firmware_built_s};
use slots::BootLoader;

/// Refuses firmware that would stop where it should look further.
///
/// # Errors
/// It is older than what the image wants of this machine.
pub(crate) fn refuse_old(node: &Node, boot: &BootLoader) -> anyhow::Result<()> {
    match boot.waits_for_a_word() {
        true => judge(&Root::new(node.path("/"))),
        false => Ok(()),
    }
}

fn judge(root: &Root) -> anyhow::Result<()> {
    let wanted = KnownMachine::this(root).and_then(|machine| machine.firmware_from_s);
    // One that does not say is no reason to refuse.
    let Some((built, wanted)) = firmware_built_s(root).zip(wanted) else {
        return Ok(());
    };
    if built < wanted {
        let date = |seconds: u32| {
            jiff::Timestamp::from_second(i64::from(seconds)).map_or_else(
                |_| seconds.to_string(),
                |time| time.strftime("%F").to_string(),
            )
        };
        bail!(
            "this machine's firmware (EEPROM) is of {}: no release is tried before it is of {} or newer. Raspberry Pi Imager writes a card that renews it (\"Bootloader\")",
            date(built),
            date(wanted)
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::judge;
    use init_api::{Root, paths};
    use std::fs;

    const TREE: &str = "/sys/firmware/devicetree/base";
    /// 13 August 2025.
    const FROM_S: u32 = 1_755_043_200;

    #[test]
    fn old_firmware_is_told_with_both_dates() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        let put = |path: &str, bytes: &[u8]| {
            let path = root.path(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
            fs::write(path, bytes).expect("written");
        };
        let machines = format!(r#"[{{"compatible":"brcm,bcm2712","firmware_from_s":{FROM_S}}}]"#);
        put(paths::MACHINES, machines.as_bytes());
        put(
            &format!("{TREE}/compatible"),
            b"raspberrypi,5-model-b\0brcm,bcm2712\0",
        );
        let built = format!("{TREE}/chosen/bootloader/build-timestamp");
        judge(&root).expect("it does not say");
        put(&built, &FROM_S.to_be_bytes());
        judge(&root).expect("of that day");
        put(&built, &(FROM_S - 1).to_be_bytes());
        let old = judge(&root).expect_err("older");
        let told = "is of 2025-08-12: no release is tried before it is of 2025-08-13";
        assert!(old.to_string().contains(told), "{old}");
        put(&format!("{TREE}/compatible"), b"another,machine\0");
        judge(&root).expect("another machine");
    }
}
