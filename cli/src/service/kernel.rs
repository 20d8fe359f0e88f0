//! What the kernel says that a process may do.

use anyhow::Context;
use init_api::{Confinement, Files};
use std::fs;
use std::path::Path;

/// What stands in `/proc/PID/status`, and whether the process has mounts of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kernel {
    /// The bounding set of its capabilities.
    pub(super) capabilities: u64,
    /// Whether nothing that it starts gains rights.
    pub(super) no_new_privileges: bool,
    /// Whether its system calls are filtered.
    pub(super) filtered: bool,
    /// Whether its mounts are its own.
    pub(super) own_mounts: bool,
}

impl Kernel {
    /// # Errors
    /// There is no such process any more.
    pub(super) fn of(pid: u32) -> anyhow::Result<Self> {
        let process = Path::new("/proc").join(pid.to_string());
        let gone = || format!("process {pid} cannot be looked at; it may have ended just now");
        let status = fs::read_to_string(process.join("status")).with_context(gone)?;
        let mounts = |process: &Path| fs::read_link(process.join("ns/mnt"));
        let own_mounts = mounts(&process).with_context(gone)? != mounts(Path::new("/proc/1"))?;
        Self::parse(&status, own_mounts).context("the kernel says nothing about its rights")
    }

    fn parse(status: &str, own_mounts: bool) -> Option<Self> {
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.strip_prefix(':')?.trim())
        };
        Some(Self {
            capabilities: u64::from_str_radix(field("CapBnd")?, 16).ok()?,
            no_new_privileges: field("NoNewPrivs")? == "1",
            filtered: field("Seccomp")? == "2",
            own_mounts,
        })
    }

    /// What it may do beyond what it was given, in words; none where the limits are in force.
    pub(super) fn beyond(self, given: &Confinement) -> Vec<String> {
        let kept: u64 = given.capabilities.keys().map(|c| 1 << c.number()).sum();
        let more = init_api::Capability::in_mask(self.capabilities & !kept);
        let more: Vec<String> = more.iter().map(ToString::to_string).collect();
        let view = matches!(given.files, Files::Own { .. });
        [
            (!more.is_empty()).then(|| format!("it has the capabilities {}", more.join(", "))),
            (given.gains_rights.is_none() && !self.no_new_privileges)
                .then(|| "what it starts can gain rights".to_owned()),
            (!self.filtered).then(|| "its system calls are not filtered".to_owned()),
            (view && !self.own_mounts).then(|| "it has the machine's view of the files".to_owned()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Kernel;
    use init_api::Confinement;

    const STATUS: &str = "Name:\tchronyd\nCapBnd:\t0000000002000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t2\n";

    #[test]
    fn what_goes_beyond() {
        let is = Kernel::parse(STATUS, true).expect("whole");
        let given = Confinement::strict().may(&["sys_time"], "sets the clock");
        let all = Kernel {
            capabilities: (1 << 41) - 1,
            no_new_privileges: false,
            filtered: false,
            own_mounts: false,
        };
        for (case, kernel, given, expected) in [
            ("as given", is, given.clone(), &[][..]),
            (
                "less than given",
                Kernel {
                    capabilities: 0,
                    ..is
                },
                given.clone(),
                &[],
            ),
            (
                "another capability",
                is,
                Confinement::strict(),
                &["it has the capabilities sys_time"],
            ),
            (
                "no filter",
                Kernel {
                    filtered: false,
                    ..is
                },
                given.clone(),
                &["its system calls are not filtered"],
            ),
            (
                "setuid",
                Kernel {
                    no_new_privileges: false,
                    ..is
                },
                given.clone(),
                &["what it starts can gain rights"],
            ),
            (
                "setuid, for a reason",
                Kernel {
                    no_new_privileges: false,
                    ..is
                },
                given.clone().gains_rights("its helper"),
                &[],
            ),
            (
                "the machine's files",
                Kernel {
                    own_mounts: false,
                    ..is
                },
                given.clone(),
                &["it has the machine's view of the files"],
            ),
            (
                "which it was given",
                Kernel {
                    own_mounts: false,
                    ..is
                },
                given.clone().shares_files("writes anywhere"),
                &[],
            ),
        ] {
            assert_eq!(kernel.beyond(&given), expected, "{case}");
        }
        assert_eq!(all.beyond(&given).len(), 4);
        assert_eq!(Kernel::parse("Name:\tx\n", true), None, "an old kernel");
    }
}
