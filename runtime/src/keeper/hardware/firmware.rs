//! Firmware on the board that is older than what the image was made for. It does not change while the machine runs.

use init_api::{KnownMachine, Root, firmware_built_s};
use time::OffsetDateTime;

/// What is wrong with it, of the machine with this root.
pub(super) fn note(root: &Root) -> Option<String> {
    let wanted = KnownMachine::this(root)?.firmware_from_s?;
    let built = firmware_built_s(root)?;
    (built < wanted).then(|| {
        format!(
            "the firmware on the board (EEPROM) is of {}, and this release wants {} or newer: Raspberry Pi Imager writes a card that renews it (\"Bootloader\")",
            day(built),
            day(wanted)
        )
    })
}

fn day(seconds: u32) -> String {
    OffsetDateTime::from_unix_timestamp(i64::from(seconds))
        .map_or_else(|_| seconds.to_string(), |time| time.date().to_string())
}
