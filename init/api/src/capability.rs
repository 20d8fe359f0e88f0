//! Capabilities of the kernel, by name.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Their names, each at its number: `include/uapi/linux/capability.h` of Linux 6.12.
const NAMES: [&str; 41] = [
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "kill",
    "setgid",
    "setuid",
    "setpcap",
    "linux_immutable",
    "net_bind_service",
    "net_broadcast",
    "net_admin",
    "net_raw",
    "ipc_lock",
    "ipc_owner",
    "sys_module",
    "sys_rawio",
    "sys_chroot",
    "sys_ptrace",
    "sys_pacct",
    "sys_admin",
    "sys_boot",
    "sys_nice",
    "sys_resource",
    "sys_time",
    "sys_tty_config",
    "mknod",
    "lease",
    "audit_write",
    "audit_control",
    "setfcap",
    "mac_override",
    "mac_admin",
    "syslog",
    "wake_alarm",
    "block_suspend",
    "audit_read",
    "perfmon",
    "bpf",
    "checkpoint_restore",
];

/// One capability, such as `net_admin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Capability(u8);

impl Capability {
    /// How many there are.
    pub const COUNT: usize = NAMES.len();

    /// The one of this name, without `CAP_`, in lower case; none if there is none.
    pub fn named(name: &str) -> Option<Self> {
        let number = NAMES.iter().position(|known| *known == name)?;
        u8::try_from(number).ok().map(Self)
    }

    /// The kernel's number.
    pub fn number(self) -> u8 {
        self.0
    }

    /// Those in a mask as `/proc/PID/status` shows it; numbers that are not known here are left out.
    pub fn in_mask(mask: u64) -> Vec<Self> {
        (0..)
            .zip(NAMES)
            .filter(|(number, _)| mask >> number & 1 == 1)
            .map(|(number, _)| Self(number))
            .collect()
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES[usize::from(self.0)])
    }
}

impl TryFrom<String> for Capability {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        Self::named(&name).ok_or_else(|| format!("{name} is no capability"))
    }
}

impl From<Capability> for String {
    fn from(capability: Capability) -> Self {
        capability.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Capability;

    #[test]
    fn names_and_numbers() {
        for (name, number) in [
            ("chown", 0),
            ("net_admin", 12),
            ("sys_admin", 21),
            ("sys_time", 25),
            ("bpf", 39),
            ("checkpoint_restore", 40),
        ] {
            let capability = Capability::named(name).expect("known");
            assert_eq!(capability.number(), number, "{name}");
            assert_eq!(capability.to_string(), name);
        }
        assert_eq!(Capability::named("CAP_CHOWN"), None);
        let some = Capability::in_mask((1 << 12) | 1 | (1 << 50));
        assert_eq!(
            some.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["chown", "net_admin"]
        );
    }
}
