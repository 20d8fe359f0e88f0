//! The mounts of the running system, as data.

use super::mount_line::MountLine;
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use std::ffi::CStr;
use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

/// One file system to mount.
struct Mount {
    kind: &'static str,
    target: &'static str,
    flags: MountFlags,
    data: &'static CStr,
    /// Whether the machine works without it.
    optional: bool,
}

const SAFE: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV);
const QUIET: MountFlags = SAFE.union(MountFlags::NOEXEC);

const fn mount_of(
    kind: &'static str,
    target: &'static str,
    flags: MountFlags,
    data: &'static CStr,
) -> Mount {
    Mount {
        kind,
        target,
        flags,
        data,
        optional: false,
    }
}

impl Mount {
    /// The machine works without it.
    const fn optional(self) -> Self {
        Self {
            optional: true,
            ..self
        }
    }
}

/// In order. `/dev`, `/proc`, `/sys` and `/run` come from the initramfs stage and are mounted only if they did not.
const MOUNTS: [Mount; 14] = [
    mount_of("proc", "proc", QUIET, c""),
    mount_of("sysfs", "sys", QUIET, c""),
    mount_of("devtmpfs", "dev", MountFlags::NOSUID, c"mode=0755"),
    mount_of("tmpfs", "run", SAFE, c"mode=0755,size=20%"),
    mount_of(
        "devpts",
        "dev/pts",
        MountFlags::NOSUID.union(MountFlags::NOEXEC),
        c"mode=0620,gid=5,ptmxmode=0666",
    ),
    mount_of("tmpfs", "dev/shm", SAFE, c"mode=1777"),
    mount_of(
        "cgroup2",
        "sys/fs/cgroup",
        QUIET,
        c"nsdelegate,memory_recursiveprot",
    ),
    mount_of("tmpfs", "tmp", SAFE, c"mode=1777,size=25%"),
    mount_of("mqueue", "dev/mqueue", QUIET, c"").optional(),
    mount_of("hugetlbfs", "dev/hugepages", SAFE, c"mode=1770").optional(),
    mount_of("securityfs", "sys/kernel/security", QUIET, c"").optional(),
    mount_of("bpf", "sys/fs/bpf", QUIET, c"mode=0700").optional(),
    mount_of("pstore", "sys/fs/pstore", QUIET, c"").optional(),
    mount_of("tracefs", "sys/kernel/tracing", QUIET, c"").optional(),
];

/// Mounts all of them below `root`; gives the notes about optional ones that are missing.
///
/// # Errors
/// The first needed one that cannot be mounted, named in the error.
pub(super) fn mount_all(root: &Path) -> io::Result<Vec<String>> {
    let mut notes = Vec::new();
    // A mount in one namespace must reach the pods' and back.
    mount_change(
        "/",
        MountPropagationFlags::SHARED | MountPropagationFlags::REC,
    )?;
    for entry in &MOUNTS {
        if let Err(error) = mount_one(root, entry) {
            let text = format!("cannot mount {} at /{}: {error}", entry.kind, entry.target);
            if !entry.optional {
                return Err(io::Error::new(error.kind(), text));
            }
            notes.push(text);
        }
    }
    device_links(root)?;
    Ok(notes)
}

fn mount_one(root: &Path, entry: &Mount) -> io::Result<()> {
    let target = root.join(entry.target);
    if is_mounted(root, entry.target) {
        return Ok(());
    }
    if entry.target.starts_with("dev/") {
        fs::create_dir_all(&target)?;
    }
    mount(entry.kind, &target, entry.kind, entry.flags, entry.data)?;
    Ok(())
}

fn is_mounted(root: &Path, target: &str) -> bool {
    let mounts = fs::read_to_string(root.join("proc/self/mountinfo")).unwrap_or_default();
    is_mount_point(&mounts, &format!("/{target}"))
}

/// Whether `mountinfo` has a mount at exactly this path.
fn is_mount_point(mountinfo: &str, path: &str) -> bool {
    MountLine::all(mountinfo).any(|line| line.target == Path::new(path))
}

/// What programs expect in `/dev` and the kernel does not make.
fn device_links(root: &Path) -> io::Result<()> {
    for (link, target) in [
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("core", "/proc/kcore"),
    ] {
        match symlink(target, root.join("dev").join(link)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Puts a layer in memory over `/etc`: it is written anew at every boot.
///
/// # Errors
/// The layer's folders cannot be made, or the kernel has no overlay file system.
pub(super) fn overlay_etc(root: &Path) -> io::Result<()> {
    let memory = root.join("run/holdfast/etc");
    for folder in ["upper", "work"] {
        fs::create_dir_all(memory.join(folder))?;
    }
    fs::set_permissions(&memory, fs::Permissions::from_mode(0o700))?;
    fs::set_permissions(memory.join("upper"), fs::Permissions::from_mode(0o755))?;
    mount(
        "overlay",
        root.join("etc"),
        "overlay",
        MountFlags::NODEV | MountFlags::NOSUID,
        c"lowerdir=/etc,upperdir=/run/holdfast/etc/upper,workdir=/run/holdfast/etc/work",
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::is_mount_point;

    #[test]
    fn mount_points() {
        let mounts = "22 1 0:20 / / rw - rootfs rootfs rw\n25 22 0:5 / /dev rw,nosuid shared:2 - devtmpfs udev rw\n";
        assert!(is_mount_point(mounts, "/dev"));
        assert!(!is_mount_point(mounts, "/dev/pts"));
        assert!(!is_mount_point(mounts, "/de"));
    }
}
