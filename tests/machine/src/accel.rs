//! Hardware acceleration where it is usable, emulation elsewhere.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{Error, Platform, Processor, Result};

/// The environment variable that overrides detection.
const OVERRIDE: &str = "HOLDFAST_ACCEL";

/// How QEMU executes the guest's instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Accel {
    /// The host's processor, through `/dev/kvm`.
    Kvm,
    /// Emulation.
    Tcg,
}

impl Accel {
    /// What this host can do for a machine of that kind, unless `HOLDFAST_ACCEL` says otherwise.
    ///
    /// # Errors
    /// [`Error::Override`] when the variable is neither `kvm` nor `tcg`.
    pub fn detect(platform: Platform) -> Result<Self> {
        if !platform.is_native_to(std::env::consts::ARCH) {
            return Ok(Self::Tcg);
        }
        if let Ok(value) = std::env::var(OVERRIDE) {
            return Self::named(&value);
        }
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let opens = fs::File::options()
            .read(true)
            .write(true)
            .open(Path::new("/dev/kvm"))
            .is_ok();
        Ok(if opens && can_virtualise(platform, &cpuinfo) {
            Self::Kvm
        } else {
            Self::Tcg
        })
    }

    fn named(value: &str) -> Result<Self> {
        match value {
            "kvm" => Ok(Self::Kvm),
            "tcg" => Ok(Self::Tcg),
            _ => Err(Error::Override {
                variable: OVERRIDE,
                value: value.to_owned(),
                known: "kvm or tcg",
            }),
        }
    }

    /// QEMU's `-accel` and `-cpu`.
    pub(crate) fn arguments(self, processor: &Processor, platform: Platform) -> [&str; 4] {
        let accel = match self {
            Self::Kvm => "kvm",
            Self::Tcg if platform.has_threads() => "tcg,thread=multi",
            Self::Tcg => "tcg,thread=single",
        };
        ["-accel", accel, "-cpu", self.model(processor, platform)]
    }

    /// QEMU's name for what a guest gets that asks for `processor`.
    #[must_use]
    pub fn model(self, processor: &Processor, platform: Platform) -> &str {
        match self {
            Self::Kvm => "host",
            Self::Tcg => processor.model(platform),
        }
    }
}

/// `/dev/kvm` also exists where the processor cannot virtualise (containers, nested machines), so both are asked. An ARM64
/// processor does not say it.
fn can_virtualise(platform: Platform, cpuinfo: &str) -> bool {
    match platform {
        Platform::Q35 => has_virtualisation(cpuinfo),
        Platform::Virt | Platform::Raspi3b | Platform::Raspi4b => true,
    }
}

fn has_virtualisation(cpuinfo: &str) -> bool {
    cpuinfo
        .lines()
        .filter(|line| line.starts_with("flags"))
        .any(|line| {
            line.split_whitespace()
                .any(|flag| flag == "vmx" || flag == "svm")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtualisation_is_a_flag_of_its_own() {
        for (name, cpuinfo, expected) in [
            ("intel", "flags\t\t: fpu vmx sse\n", true),
            ("amd", "flags\t\t: fpu svm sse\n", true),
            ("neither", "flags\t\t: fpu sse\n", false),
            (
                "only in another line",
                "vmx flags\t: vnmi\nmodel name: vmx\n",
                false,
            ),
            ("part of a longer word", "flags: xsvmx\n", false),
        ] {
            assert_eq!(has_virtualisation(cpuinfo), expected, "{name}");
        }
    }

    #[test]
    fn a_foreign_processor_is_emulated() {
        let foreign = match std::env::consts::ARCH {
            "aarch64" => Platform::Q35,
            _ => Platform::Virt,
        };
        assert_eq!(Accel::detect(foreign).unwrap(), Accel::Tcg);
    }

    #[test]
    fn an_unknown_override_is_refused() {
        assert_eq!(
            Accel::named("xen").unwrap_err().to_string(),
            "HOLDFAST_ACCEL=xen is not known; use kvm or tcg"
        );
    }
}
