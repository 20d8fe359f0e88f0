//! What the boot loader tells: where it came from, which entry it started, and whether it counted that as a try.
//!
//! systemd-boot tells it in EFI variables (<https://systemd.io/BOOT_LOADER_INTERFACE>). A machine without them was booted
//! in another way, which counts nothing.

use crate::disk::efi_text;
use disk::gpt::Uuid;
use init_api::{Attempt, Started};
use std::fs;
use std::path::Path;

const VENDOR: &str = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";

/// The partition that the boot loader was started from.
pub(super) fn partition(sys: &Path) -> Option<Uuid> {
    Uuid::parse_str(&variable(sys, "LoaderDevicePartUUID")?).ok()
}

/// How it came to this boot.
pub(super) fn started(sys: &Path) -> Started {
    Started {
        entry: variable(sys, "LoaderEntrySelected"),
        attempt: attempt(variable(sys, "LoaderBootCountPath").as_deref()),
    }
}

fn variable(sys: &Path, name: &str) -> Option<String> {
    let path = sys
        .join("firmware/efi/efivars")
        .join(format!("{name}-{VENDOR}"));
    efi_text(&fs::read(path).ok()?)
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
