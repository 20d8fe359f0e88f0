//! Whether the machine's firmware is new enough for the switch between slots that it makes itself.

use crate::node::Node;
use anyhow::bail;
use slots::BootLoader;

/// Where a Raspberry Pi's firmware says when it was built: seconds since 1970, 32 bits, big-endian.
const BUILT: &str = "/sys/firmware/devicetree/base/chosen/bootloader/build-timestamp";
/// 13 August 2025: from then on it looks for another slot by itself if it cannot start the one that it is told (`PARTITION_WALK`).
const FROM_S: u32 = 1_755_043_200;

/// Refuses firmware that would stop where it should look further.
///
/// # Errors
/// It is older than that.
pub(crate) fn refuse_old(node: &Node, boot: &BootLoader) -> anyhow::Result<()> {
    match boot.waits_for_a_word() {
        true => judge(std::fs::read(node.path(BUILT)).ok().as_deref()),
        false => Ok(()),
    }
}

fn judge(built: Option<&[u8]>) -> anyhow::Result<()> {
    let built = built.and_then(|built| built.try_into().ok());
    // One that does not say is no reason to refuse.
    let Some(built) = built.map(u32::from_be_bytes) else {
        return Ok(());
    };
    if built < FROM_S {
        let date = |seconds: u32| {
            jiff::Timestamp::from_second(i64::from(seconds)).map_or_else(
                |_| seconds.to_string(),
                |time| time.strftime("%F").to_string(),
            )
        };
        bail!(
            "this machine's firmware (EEPROM) is of {}: no release is tried before it is of {} or newer. Raspberry Pi Imager writes a card that renews it (\"Bootloader\")",
            date(built),
            date(FROM_S)
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{FROM_S, judge};

    #[test]
    fn old_firmware_is_told_with_both_dates() {
        assert!(judge(None).is_ok() && judge(Some(&[1])).is_ok());
        assert!(judge(Some(&FROM_S.to_be_bytes())).is_ok());
        let old = judge(Some(&(FROM_S - 1).to_be_bytes())).expect_err("older");
        let told = "is of 2025-08-12: no release is tried before it is of 2025-08-13";
        assert!(old.to_string().contains(told), "{old}");
    }
}
