//! The host's QEMU, checked for its age once.

use std::path::PathBuf;
use std::process::Command;

use crate::{Accel, Error, Firmware, Platform, Result, command};

/// The oldest major version that runs the image (7.2 crashes Debian's kernel under emulation).
const OLDEST: u32 = 9;

/// Programs and files of the host that make a virtual machine.
#[derive(Debug, Clone)]
pub struct Qemu {
    /// The emulator.
    pub program: PathBuf,
    /// How it runs the guest.
    pub accel: Accel,
    /// UEFI; none for a machine that starts what is on its own disk.
    pub firmware: Option<Firmware>,
}

impl Qemu {
    /// Finds and checks what this host has for machines of that kind.
    ///
    /// # Errors
    /// A missing or too old QEMU and missing firmware, each with what to install.
    pub fn find(platform: Platform) -> Result<Self> {
        let program: PathBuf = std::env::var_os(platform.program_variable())
            .unwrap_or_else(|| platform.program().into())
            .into();
        let mut version = Command::new(&program);
        let output = command::run(version.arg("--version"), platform.package())?;
        check_version(&String::from_utf8_lossy(&output.stdout))?;
        Ok(Self {
            program,
            accel: Accel::detect(platform)?,
            firmware: match platform {
                Platform::Q35 | Platform::Virt => Some(Firmware::find("/".as_ref(), platform)?),
                Platform::Raspi3b | Platform::Raspi4b => None,
            },
        })
    }
}

/// Refuses a QEMU that is too old.
fn check_version(printed: &str) -> Result<()> {
    let version = printed
        .split_once("version ")
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .ok_or_else(|| Error::QemuVersion(printed.to_owned()))?;
    let major: u32 = version
        .split('.')
        .next()
        .and_then(|word| word.parse().ok())
        .ok_or_else(|| Error::QemuVersion(printed.to_owned()))?;
    if major < OLDEST {
        return Err(Error::QemuTooOld {
            found: version.to_owned(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        check_version("QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)\nCopyright").unwrap();
        let old = check_version("QEMU emulator version 7.2.17 (Debian 1:7.2+dfsg-7)")
            .unwrap_err()
            .to_string();
        assert!(
            old.starts_with("QEMU 7.2.17 is too old") && old.contains("bookworm-backports"),
            "{old}"
        );
        assert!(matches!(check_version("hello"), Err(Error::QemuVersion(_))));
    }
}
