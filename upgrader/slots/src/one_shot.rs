//! The way back that needs no write to the boot partition: systemd-boot starts the entry of `LoaderEntryOneShot` once
//! (<https://systemd.io/BOOT_LOADER_INTERFACE>), whatever the counters say.

use crate::EntryName;
use host::efi_variable;
use std::io;
use std::path::Path;

const VARIABLE: &str = "LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
/// Lets the next boot start `entry`, and only that boot. `variables` is where efivarfs is mounted.
///
/// # Errors
/// The machine has no EFI variables, or its firmware does not take this one.
pub fn set_one_shot(variables: &Path, entry: &EntryName) -> io::Result<()> {
    efi_variable::write(variables, VARIABLE, &content(entry))
}

fn content(entry: &EntryName) -> Vec<u8> {
    let text = entry
        .as_str()
        .encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes);
    efi_variable::with_attributes(text)
}

#[cfg(test)]
mod tests {
    use super::content;

    #[test]
    fn the_variable_is_what_the_interface_asks_for() {
        let entry = "holdfast_1.efi".parse().expect("a name");
        let bytes = content(&entry);
        assert_eq!(bytes[..8], [7, 0, 0, 0, b'h', 0, b'o', 0]);
        assert_eq!(bytes[bytes.len() - 4..], [b'i', 0, 0, 0]);
        assert_eq!(bytes.len(), 4 + 2 * ("holdfast_1.efi".len() + 1));
    }
}
