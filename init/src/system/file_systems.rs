//! Closing file systems when the machine goes down, so that every disk is whole.

use super::mount_line::MountLine;
use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount_remount, unmount};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

/// The mount points on disks, each list with the latest first.
#[derive(Debug, PartialEq, Eq)]
struct OnDisk {
    /// Those of the booted disk.
    own: Vec<PathBuf>,
    /// Those of others, and of what may lie in a file on one of ours.
    foreign: Vec<PathBuf>,
}

/// Unmounts everything that lies on a disk; what is still in use is made read-only. May hang as long as a disk or a server
/// does: those of the booted disk, whose nodes are `ours`, come first, so that a foreign one cannot keep them open.
pub(super) fn close_all(ours: &[PathBuf], tell: &Sender<String>) {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let OnDisk { mut own, foreign } = OnDisk::find(&mounts, ours);
    own.retain(|target| close(target).is_err());
    // What is left of ours may have held a file of a foreign one, as a loop device does.
    for target in foreign.iter().chain(&own) {
        if let Err(error) = close(target) {
            // Nobody listens only after this has taken far too long.
            let _ = tell.send(format!("{} stays writable: {error}", target.display()));
        }
    }
    rustix::fs::sync();
}

fn close(target: &Path) -> Result<(), Errno> {
    match unmount(target, UnmountFlags::NOFOLLOW) {
        Ok(()) | Err(Errno::INVAL | Errno::NOENT) => Ok(()),
        Err(_) => mount_remount(target, MountFlags::RDONLY, c""),
    }
}

impl OnDisk {
    fn find(mountinfo: &str, ours: &[PathBuf]) -> Self {
        let latest_first = MountLine::all(mountinfo).filter(is_writable).rev();
        let (own, foreign): (Vec<_>, Vec<_>) =
            latest_first.partition(|line| ours.iter().any(|node| node == Path::new(line.source)));
        let targets = |list: Vec<MountLine<'_>>| list.into_iter().map(|line| line.target).collect();
        Self {
            own: targets(own),
            foreign: targets(foreign),
        }
    }
}

/// Whether it is on a block device and can be written to.
fn is_writable(line: &MountLine<'_>) -> bool {
    line.is_on_disk() && line.kind != "erofs" && line.kind != "devtmpfs"
}

#[cfg(test)]
mod tests {
    use super::OnDisk;
    use std::path::PathBuf;

    const MOUNTS: &str = "\
1 0 254:0 / / ro shared:1 - erofs /dev/dm-0 ro
2 1 0:5 / /dev rw shared:2 - devtmpfs dev rw
3 1 8:5 / /state rw,noatime shared:3 - ext4 /dev/vda5 rw
4 1 8:5 /var /var rw,noatime shared:3 - ext4 /dev/vda5 rw
5 4 8:17 / /var/a\\040b rw - ext4 /dev/sdb1 rw
6 1 0:30 / /run rw - tmpfs tmpfs rw
7 4 0:50 / /var/nfs rw - nfs4 server:/export rw
8 4 7:0 / /var/loop rw - ext4 /dev/loop0 rw
9 1 8:2 / /config ro - vfat /dev/vda2 ro
";

    #[test]
    fn ours_come_first_and_of_each_the_latest() {
        let paths = |list: &[&str]| list.iter().map(PathBuf::from).collect::<Vec<_>>();
        let ours = paths(&["/dev/vda2", "/dev/vda5"]);
        assert_eq!(
            OnDisk::find(MOUNTS, &ours),
            OnDisk {
                own: paths(&["/config", "/var", "/state"]),
                foreign: paths(&["/var/loop", "/var/a b"]),
            }
        );
        let unknown = OnDisk::find(MOUNTS, &[]);
        assert_eq!(
            (unknown.own.len(), unknown.foreign.len()),
            (0, 5),
            "without a record of the boot, all are foreign"
        );
    }
}
