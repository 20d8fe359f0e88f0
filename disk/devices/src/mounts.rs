//! What is mounted, and what is swap, from the kernel's tables.

use std::path::PathBuf;

/// A mounted file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// Device numbers; those of no device for btrfs and the like.
    pub(super) numbers: String,
    /// What was mounted, without `/dev/`.
    pub(super) source: String,
    pub(super) at: PathBuf,
}

/// Reads `/proc/self/mountinfo` (proc(5)).
pub(super) fn mounts(text: &str) -> Vec<Mount> {
    text.lines().filter_map(mount).collect()
}

fn mount(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let mut before = before.split(' ');
    let numbers = before.nth(2)?.to_owned();
    let at = plain(before.nth(1)?).into();
    let source = plain(after.split(' ').nth(1)?);
    Some(Mount {
        numbers,
        source: below_dev(&source),
        at,
    })
}

/// Reads `/proc/swaps`: names without `/dev/`.
pub(super) fn swaps(text: &str) -> Vec<String> {
    let first = |line: &str| Some(below_dev(&plain(line.split_whitespace().next()?)));
    text.lines().skip(1).filter_map(first).collect()
}

fn below_dev(path: &str) -> String {
    path.strip_prefix("/dev/").unwrap_or(path).to_owned()
}

/// The kernel writes blanks and backslashes as three octal digits.
fn plain(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..3).filter(|_| *first == b'\\');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = byte.map_or(after, |_| &after[3..]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Mount, mounts, swaps};

    #[test]
    fn as_the_kernel_writes_them() {
        let text = "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
            91 27 8:17 / /media/A\\040CARD rw - vfat /dev/sdb1 rw\n\
            92 27 0:44 /home /home rw master:1 shared:2 - btrfs /dev/mapper/luks-1 rw\n\
            broken\n";
        let mount = |numbers: &str, source: &str, at: &str| Mount {
            numbers: numbers.into(),
            source: source.into(),
            at: at.into(),
        };
        assert_eq!(
            mounts(text),
            [
                mount("254:0", "vda", "/"),
                mount("8:17", "sdb1", "/media/A CARD"),
                mount("0:44", "mapper/luks-1", "/home"),
            ]
        );
        let text = "Filename\tType\tSize\tUsed\tPriority\n/dev/sda3 partition 8 0 -2\n/swap\\040file file 8 0 -3\n";
        assert_eq!(swaps(text), ["sda3", "/swap file"]);
    }
}
