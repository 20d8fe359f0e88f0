//! A filter of system calls.

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};
use std::collections::BTreeMap;
use std::io;

/// Families of sockets that stay where the others are refused.
const FAMILIES: [i32; 5] = [
    libc::AF_UNIX,
    libc::AF_INET,
    libc::AF_INET6,
    libc::AF_NETLINK,
    libc::AF_PACKET,
];

/// A program of the kernel's that refuses some system calls with EPERM and lets the others pass. Calls of another architecture
/// end the process.
#[derive(Debug, Clone)]
pub struct Filter(BpfProgram);

impl Filter {
    /// One that refuses the calls with these names, and sockets of rare families where `sockets` says so.
    ///
    /// # Errors
    /// A name that is not known here, or an architecture without filters.
    pub fn refusing<'a>(
        names: impl IntoIterator<Item = &'a str>,
        sockets: bool,
    ) -> io::Result<Self> {
        let mut rules = BTreeMap::new();
        for name in names {
            for number in numbers(name).ok_or_else(|| unknown(name))? {
                rules.insert(*number, Vec::new());
            }
        }
        if sockets {
            let other = |family: i32| {
                let family = u64::from(family.cast_unsigned());
                SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, family)
            };
            let others = FAMILIES.map(other).into_iter().collect::<Result<_, _>>();
            let rule = others
                .and_then(SeccompRule::new)
                .map_err(io::Error::other)?;
            rules.insert(libc::SYS_socket, vec![rule]);
        }
        let refused = SeccompAction::Errno(libc::EPERM.cast_unsigned());
        let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)?;
        SeccompFilter::new(rules, SeccompAction::Allow, refused, arch)
            .and_then(BpfProgram::try_from)
            .map(Self)
            .map_err(io::Error::other)
    }

    /// Puts it in force for the calling thread and all that it starts. Needs `no_new_privs` or `CAP_SYS_ADMIN`. Allocates nothing.
    ///
    /// # Errors
    /// The kernel refuses.
    pub(crate) fn enforce(&self) -> io::Result<()> {
        let len = u16::try_from(self.0.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let program = libc::sock_fprog {
            len,
            filter: self.0.as_ptr().cast_mut().cast(),
        };
        // SAFETY: the program outlives the call, its elements are laid out as the kernel's (repr(C)), and the kernel only reads them.
        let done = unsafe {
            libc::syscall(
                libc::SYS_seccomp,
                libc::SECCOMP_SET_MODE_FILTER,
                0,
                &raw const program,
            )
        };
        match done {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

fn unknown(name: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("no system call {name} is known here"),
    )
}

/// The numbers of a call: none where this architecture lacks it.
fn numbers(name: &str) -> Option<&'static [i64]> {
    macro_rules! table {
        ($($name:literal = $number:ident,)*) => {
            match name {
                $($name => &[libc::$number],)*
                #[cfg(target_arch = "x86_64")]
                "iopl" => &[libc::SYS_iopl],
                #[cfg(target_arch = "x86_64")]
                "ioperm" => &[libc::SYS_ioperm],
                #[cfg(not(target_arch = "x86_64"))]
                "iopl" | "ioperm" => &[],
                _ => return None,
            }
        };
    }
    Some(table! {
        "acct" = SYS_acct,
        "add_key" = SYS_add_key,
        "adjtimex" = SYS_adjtimex,
        "bpf" = SYS_bpf,
        "chroot" = SYS_chroot,
        "clock_adjtime" = SYS_clock_adjtime,
        "clock_settime" = SYS_clock_settime,
        "delete_module" = SYS_delete_module,
        "fanotify_init" = SYS_fanotify_init,
        "finit_module" = SYS_finit_module,
        "fsconfig" = SYS_fsconfig,
        "fsmount" = SYS_fsmount,
        "fsopen" = SYS_fsopen,
        "fspick" = SYS_fspick,
        "init_module" = SYS_init_module,
        "io_uring_enter" = SYS_io_uring_enter,
        "io_uring_register" = SYS_io_uring_register,
        "io_uring_setup" = SYS_io_uring_setup,
        "kcmp" = SYS_kcmp,
        "kexec_file_load" = SYS_kexec_file_load,
        "kexec_load" = SYS_kexec_load,
        "keyctl" = SYS_keyctl,
        "mount" = SYS_mount,
        "mount_setattr" = SYS_mount_setattr,
        "move_mount" = SYS_move_mount,
        "name_to_handle_at" = SYS_name_to_handle_at,
        "open_by_handle_at" = SYS_open_by_handle_at,
        "open_tree" = SYS_open_tree,
        "perf_event_open" = SYS_perf_event_open,
        "pidfd_getfd" = SYS_pidfd_getfd,
        "pivot_root" = SYS_pivot_root,
        "process_vm_readv" = SYS_process_vm_readv,
        "process_vm_writev" = SYS_process_vm_writev,
        "ptrace" = SYS_ptrace,
        "quotactl" = SYS_quotactl,
        "reboot" = SYS_reboot,
        "request_key" = SYS_request_key,
        "setdomainname" = SYS_setdomainname,
        "sethostname" = SYS_sethostname,
        "setns" = SYS_setns,
        "settimeofday" = SYS_settimeofday,
        "swapoff" = SYS_swapoff,
        "swapon" = SYS_swapon,
        "syslog" = SYS_syslog,
        "umount2" = SYS_umount2,
        "unshare" = SYS_unshare,
        "userfaultfd" = SYS_userfaultfd,
        "vhangup" = SYS_vhangup,
    })
}

#[cfg(test)]
mod tests {
    use super::Filter;

    #[test]
    fn only_known_calls_can_be_refused() {
        assert!(Filter::refusing(["mount", "iopl", "bpf"], true).is_ok());
        let error = Filter::refusing(["mount", "teleport"], false).expect_err("unknown");
        assert!(error.to_string().contains("teleport"), "{error}");
    }
}
