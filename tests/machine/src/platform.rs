//! Kinds of computers that QEMU can be: each is another program of it, with other firmware.

use serde::{Deserialize, Serialize};

/// What kind of computer a machine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Platform {
    /// A PC with PCI Express.
    #[default]
    Q35,
    /// QEMU's own ARM64 machine.
    Virt,
    /// A Raspberry Pi 3B, as far as QEMU has one: SD card, serial ports, USB; no Ethernet, clock or watchdog.
    Raspi3b,
    /// A Raspberry Pi 4B, as far as QEMU has one: SD card, serial ports, USB-C; no Ethernet, PCI Express, clock or watchdog.
    Raspi4b,
}

impl Platform {
    /// QEMU's program for it.
    pub(crate) const fn program(self) -> &'static str {
        match self {
            Self::Q35 => "qemu-system-x86_64",
            Self::Virt | Self::Raspi3b | Self::Raspi4b => "qemu-system-aarch64",
        }
    }

    /// The environment variable that names another program.
    pub(crate) const fn program_variable(self) -> &'static str {
        match self {
            Self::Q35 => "HOLDFAST_QEMU",
            Self::Virt | Self::Raspi3b | Self::Raspi4b => "HOLDFAST_QEMU_ARM64",
        }
    }

    /// The Debian package with that program.
    pub(crate) const fn package(self) -> &'static str {
        match self {
            Self::Q35 => "qemu-system-x86",
            Self::Virt | Self::Raspi3b | Self::Raspi4b => "qemu-system-arm",
        }
    }

    /// The Debian package with its firmware.
    pub(crate) const fn firmware_package(self) -> &'static str {
        match self {
            Self::Q35 => "ovmf",
            Self::Virt | Self::Raspi3b | Self::Raspi4b => "qemu-efi-aarch64",
        }
    }

    /// Whether a host with processors of that architecture (Rust's name) can run its instructions itself.
    pub(crate) fn is_native_to(self, arch: &str) -> bool {
        match self {
            Self::Q35 => arch == "x86_64",
            Self::Virt => arch == "aarch64",
            // QEMU has that machine with its own processors alone.
            Self::Raspi3b | Self::Raspi4b => false,
        }
    }

    /// Whether it is one, whose firmware is not UEFI and whose devices are soldered to it.
    #[must_use]
    pub const fn is_raspberry_pi(self) -> bool {
        matches!(self, Self::Raspi3b | Self::Raspi4b)
    }

    /// Whether its processors run on threads of their own. A Raspberry Pi's wait for the first one in a loop until the kernel calls
    /// them, and would starve it.
    pub(crate) const fn has_threads(self) -> bool {
        !self.is_raspberry_pi()
    }

    /// The device by which it has a TPM 2.0. QEMU refuses that of a Raspberry Pi, which has no bus for one.
    pub(crate) const fn tpm(self) -> &'static str {
        match self {
            Self::Q35 => "tpm-crb",
            Self::Virt | Self::Raspi3b | Self::Raspi4b => "tpm-tis-device",
        }
    }

    /// Whether two serial ports are one console, as QEMU has it: `on` or `off`.
    pub(crate) const fn shares_console(self) -> &'static str {
        match self {
            Self::Q35 | Self::Virt => "off",
            Self::Raspi3b | Self::Raspi4b => "on",
        }
    }

    /// QEMU's arguments for the serial port that the console is on; `port` is its back end.
    pub(crate) fn serial(self, port: &str) -> Vec<String> {
        let ports: &[&str] = match self {
            Self::Q35 | Self::Virt => &[port],
            // U-Boot talks on the second one, the kernel on the first.
            Self::Raspi3b | Self::Raspi4b => &[port, port],
        };
        let argument = |port: &&str| ["-serial".to_owned(), (*port).to_owned()];
        ports.iter().flat_map(argument).collect()
    }

    /// QEMU's arguments for the machine itself; `secure_boot` when its firmware checks signatures.
    pub(crate) const fn arguments(self, secure_boot: bool) -> &'static [&'static str] {
        match (self, secure_boot) {
            (Self::Q35, false) => &["-machine", "q35,graphics=off"],
            // Only the firmware itself, in its own mode of the processor, may write what it keeps its keys in.
            (Self::Q35, true) => &[
                "-machine",
                "q35,graphics=off,smm=on",
                "-global",
                "driver=cfi.pflash01,property=secure,value=on",
            ],
            // The interrupt controller that the host can offer, or the newest that is emulated.
            (Self::Virt, _) => &["-machine", "virt,gic-version=max"],
            (Self::Raspi3b, _) => &["-machine", "raspi3b"],
            (Self::Raspi4b, _) => &["-machine", "raspi4b"],
        }
    }
}
