//! How a board comes from its firmware to a slot.

/// What starts a slot's kernel, tries a new one a few times, and goes back. Each board has one; boards of an architecture
/// may differ in it. U-Boot on the Raspberry Pi and the `tryboot` of its newer firmware will be further variants.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BootMechanism {
    /// UEFI firmware, then systemd-boot: UKIs chosen by version, tries counted in the names of their files.
    SystemdBoot(SystemdBoot),
}

/// What systemd-boot needs on the boot partition beside the UKIs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemdBoot {
    /// The boot loader, as a path in Debian's packages.
    pub loader: String,
    /// Its path on the boot partition.
    pub loader_path: String,
}
