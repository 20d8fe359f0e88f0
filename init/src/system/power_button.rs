//! Power buttons: input devices with the key KEY_POWER.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

const EV_KEY: u16 = 1;
const KEY_POWER: u16 = 116;
/// `struct input_event` on 64-bit Linux.
const EVENT: usize = 24;

/// The input devices below `sys` and `dev` that have a power key, as name and open file that does not block.
pub(super) fn find(sys: &Path, dev: &Path) -> Vec<(String, File)> {
    let entries = fs::read_dir(sys.join("class/input"))
        .into_iter()
        .flatten()
        .flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with("event"))
        .filter(|name| {
            let keys = sys
                .join("class/input")
                .join(name)
                .join("device/capabilities/key");
            has_power_key(&fs::read_to_string(keys).unwrap_or_default())
        })
        .filter_map(|name| {
            let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
            let file = OpenOptions::new()
                .read(true)
                .custom_flags(flags)
                .open(dev.join("input").join(&name))
                .ok()?;
            Some((name, file))
        })
        .collect()
}

/// Whether the power key was pressed, from what can be read now; none when the device is gone.
pub(super) fn is_pressed(mut device: &File) -> Option<bool> {
    let mut buffer = [0; EVENT * 64];
    match device.read(&mut buffer) {
        Ok(0) => None,
        Ok(count) => Some(buffer[..count].chunks_exact(EVENT).any(is_press)),
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Some(false),
        Err(_) => None,
    }
}

fn is_press(event: &[u8]) -> bool {
    let half = |at: usize| u16::from_ne_bytes([event[at], event[at + 1]]);
    half(16) == EV_KEY && half(18) == KEY_POWER && event[20..24] == 1_i32.to_ne_bytes()
}

/// sysfs shows the bits as hexadecimal words of 64 bits, the highest first.
fn has_power_key(capabilities: &str) -> bool {
    let (word, bit) = (usize::from(KEY_POWER / 64), KEY_POWER % 64);
    let words = capabilities.split_whitespace().rev().nth(word);
    words
        .and_then(|text| u64::from_str_radix(text, 16).ok())
        .is_some_and(|bits| bits >> bit & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::{has_power_key, is_press};

    #[test]
    fn power_keys() {
        assert!(has_power_key("10000000000000 0\n"));
        // A keyboard with a power key.
        assert!(has_power_key(
            "402000007 ff803078f800d001 feffffdfffcfffff fffffffffffffffe"
        ));
        assert!(!has_power_key("70000 0 0 0 0"));
        assert!(!has_power_key("fffffffffffffffe"));
        assert!(!has_power_key(""));
    }

    #[test]
    fn presses() {
        let mut event = [0_u8; 24];
        event[16..18].copy_from_slice(&1_u16.to_ne_bytes());
        event[18..20].copy_from_slice(&116_u16.to_ne_bytes());
        assert!(!is_press(&event));
        event[20..24].copy_from_slice(&1_i32.to_ne_bytes());
        assert!(is_press(&event));
    }
}
