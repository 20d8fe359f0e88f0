//! The processor that is emulated, where the host's own cannot be used.

use serde::{Deserialize, Serialize};

use crate::Platform;

/// A model of QEMU's. `docs/testing.md` has what each costs. With KVM a machine has the host's processor instead.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Processor {
    /// The least that Holdfast needs. On a PC it is the one that is emulated fastest: it has no AVX, whose instructions
    /// are emulated one by one. On ARM64 it is the Raspberry Pi 4's.
    #[default]
    Quick,
    /// Haswell, which has all that x86-64-v3 asks for; `max` has more and has crashed guests. On ARM64 as [`Self::Quick`].
    V3,
    /// As QEMU's `-cpu` has it.
    Named(String),
}

impl Processor {
    /// The word after QEMU's `-cpu`.
    #[must_use]
    pub fn model(&self, platform: Platform) -> &str {
        match (self, platform) {
            (Self::Quick, Platform::Q35) => {
                "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16,+aes,+pclmulqdq"
            }
            (Self::V3, Platform::Q35) => "Haswell-v4",
            (Self::Quick | Self::V3, Platform::Raspi3b) => "cortex-a53",
            (Self::Quick | Self::V3, Platform::Virt | Platform::Raspi4b) => "cortex-a72",
            (Self::Named(model), _) => model,
        }
    }
}
