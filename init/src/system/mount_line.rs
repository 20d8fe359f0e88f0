//! A line of the kernel's list of mounts, `/proc/self/mountinfo` (proc_pid_mountinfo(5)).

use std::path::PathBuf;

/// What a line says, as far as it is used here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MountLine<'a> {
    /// Where it is mounted.
    pub(super) target: PathBuf,
    /// The kind of its file system.
    pub(super) kind: &'a str,
    /// Its device, or what else it is of.
    pub(super) source: &'a str,
    /// The options of the file system, which all its mounts share.
    pub(super) options: &'a str,
}

impl<'a> MountLine<'a> {
    /// All lines of the list, the earliest mount first. Lines that are none are left out.
    pub(super) fn all(mountinfo: &'a str) -> impl DoubleEndedIterator<Item = Self> {
        mountinfo.lines().filter_map(Self::parse)
    }

    fn parse(line: &'a str) -> Option<Self> {
        let (front, back) = line.split_once(" - ")?;
        let target = front.split(' ').nth(4)?;
        let mut back = back.split(' ');
        Some(Self {
            target: unescape(target).into(),
            kind: back.next()?,
            source: back.next()?,
            options: back.next()?,
        })
    }

    /// Whether it is of a block device.
    pub(super) fn is_on_disk(&self) -> bool {
        self.source.starts_with("/dev/")
    }
}

/// Space, tab, newline and backslash are three octal digits there.
fn unescape(text: &str) -> String {
    [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::MountLine;

    #[test]
    fn lines() {
        let list = "5 4 8:17 / /var/a\\040b rw shared:3 - ext4 /dev/sdb1 ro,errors=remount-ro\nnone\n6 1 0:30 / /run rw - tmpfs tmpfs rw\n";
        let all: Vec<_> = MountLine::all(list).collect();
        let line = MountLine {
            target: "/var/a b".into(),
            kind: "ext4",
            source: "/dev/sdb1",
            options: "ro,errors=remount-ro",
        };
        assert_eq!(all.len(), 2);
        assert_eq!(all.first(), Some(&line));
        assert_eq!(
            all.iter().map(MountLine::is_on_disk).collect::<Vec<_>>(),
            [true, false]
        );
    }
}
