//! What the boot loader tells: where it came from, which entry it started, and whether it counted that as a try.
//!
//! systemd-boot tells it in EFI variables (<https://systemd.io/BOOT_LOADER_INTERFACE>), U-Boot's script in the device tree, below
//! `/chosen` (`upgrader/slots/src/u_boot/boot.cmd`), and the Raspberry Pi's firmware below `/chosen/bootloader` whether this is the
//! one start that was asked for (<https://www.raspberrypi.com/documentation/computers/configuration.html#common-bootloader-properties-chosenbootloader>).
//! A machine with none of them was booted in another way, which counts nothing.

use crate::disk::efi_text;
use disk::gpt::Uuid;
use init_api::{Attempt, Started};
use std::fs;
use std::path::Path;

const VENDOR: &str = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// The partition that the boot loader was started from.
pub(super) fn partition(sys: &Path) -> Option<Uuid> {
    let told = variable(sys, "LoaderDevicePartUUID").or_else(|| chosen(sys, "partition"))?;
    Uuid::parse_str(&told).ok()
}

/// How it came to this boot.
pub(super) fn started(sys: &Path) -> Started {
    if let Some(entry) = chosen(sys, "entry") {
        let left = chosen(sys, "left");
        return Started {
            entry: Some(entry),
            attempt: left.map_or(Attempt::NotCounted, |left| Attempt::Counted {
                left: left.parse().ok(),
            }),
        };
    }
    if is_tryboot(sys) {
        return Started {
            entry: None,
            attempt: Attempt::Counted { left: Some(0) },
        };
    }
    Started {
        entry: variable(sys, "LoaderEntrySelected").map(without_profile),
        attempt: attempt(variable(sys, "LoaderBootCountPath").as_deref()),
    }
}

/// `holdfast_1.2.0.efi@maintenance` is another command line of the same program.
fn without_profile(entry: String) -> String {
    match entry.split_once('@') {
        Some((file, _)) => file.to_owned(),
        None => entry,
    }
}

fn variable(sys: &Path, name: &str) -> Option<String> {
    let path = sys
        .join("firmware/efi/efivars")
        .join(format!("{name}-{VENDOR}"));
    efi_text(&fs::read(path).ok()?)
}

/// A text that U-Boot's script put into the device tree.
fn chosen(sys: &Path, name: &str) -> Option<String> {
    let folder = sys.join("firmware/devicetree/base/chosen");
    let bytes = fs::read(folder.join(format!("holdfast,{name}"))).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    Some(text.trim_end_matches('\0').to_owned())
}

/// Whether the Raspberry Pi's firmware was asked for this start, once.
fn is_tryboot(sys: &Path) -> bool {
    let path = sys.join("firmware/devicetree/base/chosen/bootloader/tryboot");
    fs::read(path).is_ok_and(|number| number.iter().any(|&byte| byte != 0))
}

/// What the file says that was started. There is a path only if the boot was counted; then `+LEFT` or `+LEFT-DONE` stands
/// before the ending of its name.
fn attempt(path: Option<&str>) -> Attempt {
    let left = |path: &str| {
        let name = path.rsplit(['/', '\\']).next()?;
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let (_, counter) = stem.rsplit_once('+')?;
        let left = counter.split_once('-').map_or(counter, |(left, _)| left);
        left.parse().ok()
    };
    path.map_or(Attempt::NotCounted, |path| Attempt::Counted {
        left: left(path),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_stand_in_the_files_name() {
        let counted = |left| Attempt::Counted { left };
        for (path, expected) in [
            (None, Attempt::NotCounted),
            (
                Some("\\EFI\\Linux\\holdfast_1.2.0+2-1.efi"),
                counted(Some(2)),
            ),
            (Some("/EFI/Linux/holdfast_1.2.0+0-3.efi"), counted(Some(0))),
            (Some("holdfast_1.2.0+3.efi"), counted(Some(3))),
            (Some("holdfast_1.2.0+rc1+1-2.efi"), counted(Some(1))),
            (Some("holdfast_1.2.0.efi"), counted(None)),
            (Some("holdfast_1.2.0+x-1.efi"), counted(None)),
            (Some(""), counted(None)),
        ] {
            assert_eq!(attempt(path), expected, "{path:?}");
        }
    }

    #[test]
    fn the_device_tree_is_read_where_u_boot_wrote_into_it() {
        let sys = tempfile::tempdir().expect("folder");
        let chosen = sys.path().join("firmware/devicetree/base/chosen");
        fs::create_dir_all(&chosen).expect("folder");
        let put = |name: &str, text: &str| {
            fs::write(chosen.join(name), format!("{text}\0")).expect("written");
        };
        assert_eq!(started(sys.path()), Started::default());
        put("holdfast,entry", "holdfast_1.2.0.efi");
        put("holdfast,partition", "c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
        let mut expected = Started {
            entry: Some("holdfast_1.2.0.efi".into()),
            attempt: Attempt::NotCounted,
        };
        assert_eq!(started(sys.path()), expected);
        assert_eq!(partition(sys.path()), Some(disk::gpt::types::ESP));
        for (text, left) in [("2", Some(2)), ("0", Some(0)), ("x", None)] {
            put("holdfast,left", text);
            expected.attempt = Attempt::Counted { left };
            assert_eq!(started(sys.path()), expected, "{text}");
        }
    }

    #[test]
    fn the_firmwares_one_start_is_a_try() {
        let sys = tempfile::tempdir().expect("folder");
        let chosen = sys
            .path()
            .join("firmware/devicetree/base/chosen/bootloader");
        fs::create_dir_all(&chosen).expect("folder");
        for (number, attempt) in [
            (0_u32, Attempt::NotCounted),
            (1, Attempt::Counted { left: Some(0) }),
        ] {
            fs::write(chosen.join("tryboot"), number.to_be_bytes()).expect("written");
            let entry = None;
            assert_eq!(started(sys.path()), Started { entry, attempt });
        }
    }

    #[test]
    fn an_entry_is_its_file_whatever_command_line_was_chosen() {
        for (entry, file) in [
            ("holdfast_1.2.0.efi", "holdfast_1.2.0.efi"),
            ("holdfast_1.2.0.efi@maintenance", "holdfast_1.2.0.efi"),
        ] {
            assert_eq!(without_profile(entry.to_owned()), file);
        }
    }

    #[test]
    fn variables_are_read_and_their_absence_is_no_error() {
        let sys = tempfile::tempdir().expect("folder");
        assert_eq!(started(sys.path()), Started::default());
        assert_eq!(partition(sys.path()), None);
        let folder = sys.path().join("firmware/efi/efivars");
        fs::create_dir_all(&folder).expect("folder");
        for (name, text) in [
            (
                "LoaderDevicePartUUID",
                "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
            ),
            ("LoaderEntrySelected", "holdfast_1.2.0.efi"),
            (
                "LoaderBootCountPath",
                "\\EFI\\Linux\\holdfast_1.2.0+1-2.efi",
            ),
        ] {
            let utf16 = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes);
            let content: Vec<u8> = [7, 0, 0, 0].into_iter().chain(utf16).collect();
            fs::write(folder.join(format!("{name}-{VENDOR}")), content).expect("written");
        }
        assert_eq!(partition(sys.path()), Some(disk::gpt::types::ESP));
        let expected = Started {
            entry: Some("holdfast_1.2.0.efi".into()),
            attempt: Attempt::Counted { left: Some(1) },
        };
        assert_eq!(started(sys.path()), expected);
    }
}
