//! The processor that is emulated, where the host's own cannot be used.

use serde::{Deserialize, Serialize};

/// A model of QEMU's. `docs/testing.md` has what each costs. With KVM a machine has the host's processor instead.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Processor {
    /// The one that is emulated fastest: what Holdfast needs, and no AVX, whose instructions are emulated one by one.
    #[default]
    Quick,
    /// Haswell, which has all that x86-64-v3 asks for. `max` has more and has crashed guests.
    V3,
    /// As QEMU's `-cpu` has it.
    Named(String),
}

impl Processor {
    /// The word after QEMU's `-cpu`.
    #[must_use]
    pub fn model(&self) -> &str {
        match self {
            Self::Quick => "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16,+aes,+pclmulqdq",
            Self::V3 => "Haswell-v4",
            Self::Named(model) => model,
        }
    }
}
