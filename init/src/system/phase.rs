//! PID 1's phases before services run, as data.

/// One phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Kernel file systems, the `/etc` overlay, shared propagation.
    Mounts,
    /// What lasts: the folders of the state partition, bound to where they belong.
    Folders,
    /// How the boot before this one ended, and that this one began.
    LastBoot,
    /// Control groups with all controllers passed on.
    Groups,
    /// Machine-id, host name, loopback, clock.
    Identity,
}

impl Phase {
    /// In the order in which they run. `configure` follows them while services already start.
    pub(crate) const ORDER: [Self; 5] = [
        Self::Mounts,
        Self::Folders,
        Self::LastBoot,
        Self::Groups,
        Self::Identity,
    ];

    /// The name that people see.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Mounts => "mounts",
            Self::Folders => "folders",
            Self::LastBoot => "last-boot",
            Self::Groups => "groups",
            Self::Identity => "identity",
        }
    }
}
