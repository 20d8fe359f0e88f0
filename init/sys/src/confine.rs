//! Limits that a process puts on itself between fork and exec: its view of the file systems, its capabilities, its system calls.

use crate::Filter;
use rustix::fs::{CWD, FileType, Mode, makedev, mknodat, symlinkat};
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, mount, mount_bind, mount_bind_recursive, mount_change,
    mount_move,
};
use rustix::process::umask;
use std::ffi::{CStr, CString};
use std::io;

/// The limits, prepared: putting them in force allocates nothing.
#[derive(Debug, Clone)]
pub struct Limits {
    /// What is done about the view of the file systems, in order.
    pub view: Vec<ViewStep>,
    /// Numbers of the capabilities that stay in the bounding set.
    pub capabilities: Vec<u8>,
    /// Whether nothing that it starts can gain rights by setuid.
    pub no_new_privileges: bool,
    /// Which system calls are refused.
    pub filter: Filter,
}

/// One step towards a view of its own. A path that does not exist is passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewStep {
    /// A mount namespace of its own, in which what the machine mounts appears, and never the other way.
    Namespace,
    /// `/dev` with null, zero, full, random and urandom alone. `/tmp` is used on the way.
    FewDevices,
    /// A folder in memory, for everybody to write to.
    Memory(CString),
    /// The folder becomes a mount of its own.
    Split(CString),
    /// Everything is read-only.
    ReadOnly,
    /// What is mounted here, and below, can be written to again.
    Writable(CString),
    /// An empty folder that nobody may enter stands here.
    HideFolder(CString),
    /// Nothing can be read here.
    HideFile(CString),
}

impl Limits {
    /// Puts them in force for the calling process and all that it starts. Call it between fork and exec.
    ///
    /// # Errors
    /// The kernel refuses; then only a part is in force, and the program must not be started.
    pub(crate) fn enforce(&self) -> io::Result<()> {
        for step in &self.view {
            match step.take() {
                Err(Errno::NOENT) if !matches!(step, ViewStep::FewDevices) => {}
                done => done?,
            }
        }
        drop_capabilities(&self.capabilities)?;
        if self.no_new_privileges {
            rustix::thread::set_no_new_privs(true)?;
        }
        self.filter.enforce()
    }
}

const QUIET: MountFlags = MountFlags::NOSUID
    .union(MountFlags::NODEV)
    .union(MountFlags::NOEXEC);

impl ViewStep {
    fn take(&self) -> Result<(), Errno> {
        match self {
            Self::Namespace => namespace(),
            Self::FewDevices => few_devices(),
            Self::Memory(at) => mount(c"tmpfs", at, c"tmpfs", QUIET, c"mode=1777,size=10%"),
            Self::Split(at) => mount_bind_recursive(at, at),
            Self::ReadOnly => set_read_only(c"/", true),
            Self::Writable(at) => set_read_only(at, false),
            Self::HideFolder(at) => {
                let flags = QUIET | MountFlags::RDONLY;
                mount(c"tmpfs", at, c"tmpfs", flags, c"mode=0,size=4k")
            }
            Self::HideFile(at) => mount_bind(c"/dev/null", at),
        }
    }
}

fn namespace() -> Result<(), Errno> {
    // SAFETY: it gives this process a copy of the mounts; no descriptor changes its meaning.
    unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWNS) }?;
    mount_change(
        c"/",
        MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC,
    )
}

/// Name, minor number (the major one is 1), and where it is made.
const DEVICES: [(u32, &CStr); 5] = [
    (3, c"/tmp/null"),
    (5, c"/tmp/zero"),
    (7, c"/tmp/full"),
    (8, c"/tmp/random"),
    (9, c"/tmp/urandom"),
];

const LINKS: [(&CStr, &CStr); 4] = [
    (c"/proc/self/fd", c"/tmp/fd"),
    (c"/proc/self/fd/0", c"/tmp/stdin"),
    (c"/proc/self/fd/1", c"/tmp/stdout"),
    (c"/proc/self/fd/2", c"/tmp/stderr"),
];

fn few_devices() -> Result<(), Errno> {
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    mount(c"tmpfs", c"/tmp", c"tmpfs", flags, c"mode=0755,size=64k")?;
    let before = umask(Mode::empty());
    let made = DEVICES.iter().try_for_each(|(minor, path)| {
        let mode = Mode::from_raw_mode(0o666);
        mknodat(
            CWD,
            *path,
            FileType::CharacterDevice,
            mode,
            makedev(1, *minor),
        )
    });
    umask(before);
    made?;
    for (target, path) in LINKS {
        symlinkat(target, CWD, path)?;
    }
    mount_move(c"/tmp", c"/dev")
}

/// Makes the mounts at and below a path read-only, or writable as far as their file systems are. (`mount_setattr`, which rustix
/// has not.)
fn set_read_only(at: &CStr, read_only: bool) -> Result<(), Errno> {
    let (set, clear) = match read_only {
        true => (libc::MOUNT_ATTR_RDONLY, 0),
        false => (0, libc::MOUNT_ATTR_RDONLY),
    };
    let wanted = libc::mount_attr {
        attr_set: set,
        attr_clr: clear,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: path and attributes outlive the call, the size is theirs, and the kernel only reads them.
    let done = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            at.as_ptr(),
            libc::AT_RECURSIVE,
            &raw const wanted,
            size_of::<libc::mount_attr>(),
        )
    };
    match done {
        0 => Ok(()),
        _ => Err(Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::INVAL)),
    }
}

/// Takes all but these from the bounding set, up to the last that the kernel knows: an exec as root gives what the set has.
fn drop_capabilities(kept: &[u8]) -> io::Result<()> {
    for number in (0..64).filter(|number| !kept.contains(number)) {
        // SAFETY: it changes a set of numbers in the kernel.
        let done =
            unsafe { libc::prctl(libc::PR_CAPBSET_DROP, libc::c_ulong::from(number), 0, 0, 0) };
        if done != 0 {
            let error = io::Error::last_os_error();
            return match error.raw_os_error() {
                Some(libc::EINVAL) => Ok(()),
                _ => Err(error),
            };
        }
    }
    Ok(())
}
