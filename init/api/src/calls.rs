//! System calls that services are kept from, in kinds.

use serde::{Deserialize, Serialize};

/// A kind of system calls that few programs have a use for, and that reach the kernel's rarely used or powerful parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Calls {
    /// Setting the clock.
    Clock,
    /// Loading and removing the kernel's modules.
    Modules,
    /// Mounting and unmounting, and changing the root directory.
    Mounts,
    /// Entering and making namespaces.
    Namespaces,
    /// Restarting the machine, another kernel, swap, the machine's name.
    Machine,
    /// Ports of devices.
    Ports,
    /// Looking into other processes.
    Debug,
    /// Programs in the kernel (BPF).
    Programs,
    /// The kernel's keys, log, quotas and accounting, files by handle, io_uring, page faults in user space.
    Rare,
    /// Sockets of other families than Unix, IP, netlink and packet.
    Sockets,
}

impl Calls {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::Clock,
        Self::Modules,
        Self::Mounts,
        Self::Namespaces,
        Self::Machine,
        Self::Ports,
        Self::Debug,
        Self::Programs,
        Self::Rare,
        Self::Sockets,
    ];

    /// The calls of this kind, as the kernel names them on any architecture; none for [`Calls::Sockets`], which is one call with
    /// some arguments.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Clock => &["adjtimex", "clock_adjtime", "clock_settime", "settimeofday"],
            Self::Modules => &["init_module", "finit_module", "delete_module"],
            Self::Mounts => &[
                "mount",
                "umount2",
                "pivot_root",
                "chroot",
                "fsopen",
                "fsmount",
                "fsconfig",
                "fspick",
                "move_mount",
                "open_tree",
                "mount_setattr",
            ],
            Self::Namespaces => &["unshare", "setns"],
            Self::Machine => &[
                "reboot",
                "kexec_load",
                "kexec_file_load",
                "swapon",
                "swapoff",
                "sethostname",
                "setdomainname",
            ],
            Self::Ports => &["iopl", "ioperm"],
            Self::Debug => &[
                "ptrace",
                "process_vm_readv",
                "process_vm_writev",
                "perf_event_open",
                "kcmp",
                "pidfd_getfd",
            ],
            Self::Programs => &["bpf"],
            Self::Rare => &[
                "add_key",
                "keyctl",
                "request_key",
                "syslog",
                "acct",
                "quotactl",
                "name_to_handle_at",
                "open_by_handle_at",
                "fanotify_init",
                "userfaultfd",
                "io_uring_setup",
                "io_uring_enter",
                "io_uring_register",
                "vhangup",
            ],
            Self::Sockets => &[],
        }
    }
}
