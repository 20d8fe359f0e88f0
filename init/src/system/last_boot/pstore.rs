//! The files that the kernel shows of crashes before this boot.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// So many are read, the newest: a crash has about ten.
const MOST: usize = 64;
/// So many are looked at, and so many removed.
const MOST_NAMES: usize = 1024;
/// So much is read of one.
const LARGEST: u64 = 64 * 1024;

/// Parts of crashes.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// What stands in them, in the order in which they were written.
    pub(super) bytes: Vec<Vec<u8>>,
    /// All files, also those that were not read.
    files: Vec<PathBuf>,
}

/// Reads those in the folder. What cannot be read is as if it were empty.
pub(super) fn read(folder: &Path) -> Parts {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut named: Vec<(u64, PathBuf)> = entries
        .take(MOST_NAMES)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some((order(&name)?, entry.path()))
        })
        .collect();
    named.sort();
    let files: Vec<PathBuf> = named.into_iter().map(|(_, path)| path).collect();
    let bytes = files
        .iter()
        .skip(files.len().saturating_sub(MOST))
        .map(|path| content(path).unwrap_or_default())
        .collect();
    Parts { bytes, files }
}

/// The number at the end of a name as `dmesg-efi_pstore-172224365401001`: the firmware's have the time in it, then the part.
fn order(name: &str) -> Option<u64> {
    let id = name.strip_prefix("dmesg-")?;
    let id = id.strip_suffix(".enc.z").unwrap_or(id);
    let (_, number) = id.rsplit_once('-')?;
    number.parse().ok()
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl Parts {
    /// Removes all of them, or there would be no room for the next crash.
    ///
    /// # Errors
    /// The first one that stays.
    pub(super) fn erase(&self) -> io::Result<()> {
        let failures = self
            .files
            .iter()
            .filter_map(|path| fs::remove_file(path).err());
        let failures: Vec<io::Error> = failures.collect();
        failures.into_iter().next().map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, MOST, order, read};
    use std::fs;

    #[test]
    fn the_newest_are_read_in_their_order_and_all_are_removed() {
        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        assert!(read(&at("none")).bytes.is_empty());
        for number in 1..=MOST + 36 {
            fs::write(
                at(&format!("dmesg-efi_pstore-{number}")),
                format!("{number}"),
            )
            .expect("written");
        }
        fs::write(at("dmesg-efi_pstore-1000"), "x".repeat(100_000)).expect("written");
        fs::write(at("console-ramoops-0"), "other").expect("written");
        let parts = read(folder.path());
        assert_eq!(parts.bytes.len(), MOST);
        assert_eq!(parts.bytes[0], b"38");
        let last = parts.bytes.last().map(Vec::len);
        assert_eq!(last, usize::try_from(LARGEST).ok());
        parts.erase().expect("removed");
        let left = fs::read_dir(folder.path()).expect("folder").count();
        assert_eq!(left, 1, "what is no crash stays");
        assert!(parts.erase().is_err(), "they are gone");
    }

    #[test]
    fn names() {
        assert_eq!(
            order("dmesg-efi_pstore-172224365401001"),
            Some(172_224_365_401_001)
        );
        assert_eq!(order("dmesg-erst-7.enc.z"), Some(7));
        for strange in ["dmesg-", "dmesg-ramoops", "pmsg-ramoops-0", "dmesg-a-b"] {
            assert_eq!(order(strange), None, "{strange}");
        }
    }
}
