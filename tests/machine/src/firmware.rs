//! The UEFI firmware of the host's distribution.

use std::path::{Path, PathBuf};

use crate::names::{self, escaped};
use crate::{Error, Platform, Result};

/// Code and empty variables, as pairs: Debian 12 and 13, Ubuntu, older Debian, Fedora, Arch.
const PLAIN: &[(&str, &str)] = &[
    (
        "usr/share/OVMF/OVMF_CODE_4M.fd",
        "usr/share/OVMF/OVMF_VARS_4M.fd",
    ),
    ("usr/share/OVMF/OVMF_CODE.fd", "usr/share/OVMF/OVMF_VARS.fd"),
    (
        "usr/share/edk2/ovmf/OVMF_CODE.fd",
        "usr/share/edk2/ovmf/OVMF_VARS.fd",
    ),
    (
        "usr/share/edk2/x64/OVMF_CODE.4m.fd",
        "usr/share/edk2/x64/OVMF_VARS.4m.fd",
    ),
];

/// Of ARM64 machines: Debian and Ubuntu, Fedora, Arch.
const PLAIN_ARM64: &[(&str, &str)] = &[
    (
        "usr/share/AAVMF/AAVMF_CODE.no-secboot.fd",
        "usr/share/AAVMF/AAVMF_VARS.fd",
    ),
    (
        "usr/share/AAVMF/AAVMF_CODE.fd",
        "usr/share/AAVMF/AAVMF_VARS.fd",
    ),
    (
        "usr/share/edk2/aarch64/QEMU_EFI-pflash.raw",
        "usr/share/edk2/aarch64/vars-template-pflash.raw",
    ),
    (
        "usr/share/edk2/aarch64/QEMU_CODE.fd",
        "usr/share/edk2/aarch64/QEMU_VARS.fd",
    ),
];

/// The same, of firmware that checks signatures; without keys in its variables, so that it begins in its setup mode.
const SECURE_BOOT: &[(&str, &str)] = &[
    (
        "usr/share/OVMF/OVMF_CODE_4M.secboot.fd",
        "usr/share/OVMF/OVMF_VARS_4M.fd",
    ),
    (
        "usr/share/edk2/ovmf/OVMF_CODE.secboot.fd",
        "usr/share/edk2/ovmf/OVMF_VARS.fd",
    ),
    (
        "usr/share/edk2/x64/OVMF_CODE.secboot.4m.fd",
        "usr/share/edk2/x64/OVMF_VARS.4m.fd",
    ),
];

/// The two halves of a UEFI firmware.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    /// Read-only code, shared by all machines.
    pub code: PathBuf,
    /// Empty variables, copied for each machine.
    pub vars: PathBuf,
}

/// The firmware that machines start with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firmware {
    /// It starts whatever it finds.
    pub plain: Images,
    /// It checks signatures once it has keys; not every distribution has it.
    pub secure_boot: Option<Images>,
}

impl Firmware {
    /// The first pairs for that kind of machine that exist below `root` (`/`, or a fixture).
    ///
    /// # Errors
    /// [`Error::NoFirmware`] with the package to install.
    pub fn find(root: &Path, platform: Platform) -> Result<Self> {
        let (plain, secure_boot) = match platform {
            Platform::Q35 => (PLAIN, SECURE_BOOT),
            // None that checks signatures has been tried.
            Platform::Virt | Platform::Raspi3b | Platform::Raspi4b => (PLAIN_ARM64, &[][..]),
        };
        Ok(Self {
            plain: first(root, plain).ok_or_else(|| missing(plain, platform))?,
            secure_boot: first(root, secure_boot),
        })
    }

    /// What a machine starts with that wants signatures checked, or one that does not.
    ///
    /// # Errors
    /// [`Error::NoFirmware`] when this host has none that checks them.
    pub fn of(&self, secure_boot: bool) -> Result<&Images> {
        match &self.secure_boot {
            _ if !secure_boot => Ok(&self.plain),
            Some(images) => Ok(images),
            None => Err(missing(SECURE_BOOT, Platform::Q35)),
        }
    }

    /// QEMU's arguments for it; the variables are in the machine's folder `dir`.
    pub(crate) fn arguments(&self, secure_boot: bool, dir: &Path) -> Result<[String; 4]> {
        let images = self.of(secure_boot)?;
        let (code, vars) = (escaped(&images.code), escaped(&dir.join(names::VARS)));
        Ok([
            "-drive".to_owned(),
            format!("if=pflash,format=raw,unit=0,readonly=on,file={code}"),
            "-drive".to_owned(),
            format!("if=pflash,format=raw,unit=1,file={vars}"),
        ])
    }
}

fn missing(places: &[(&str, &str)], platform: Platform) -> Error {
    let codes: Vec<_> = places.iter().map(|(code, _)| format!("/{code}")).collect();
    Error::NoFirmware {
        package: platform.firmware_package(),
        looked: codes.join(", "),
    }
}

/// The first pair that is whole.
fn first(root: &Path, places: &[(&str, &str)]) -> Option<Images> {
    places
        .iter()
        .map(|(code, vars)| Images {
            code: root.join(code),
            vars: root.join(vars),
        })
        .find(|pair| pair.code.is_file() && pair.vars.is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_pair_must_be_whole() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("usr/share/OVMF");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("OVMF_CODE_4M.fd"), "").unwrap();
        assert!(
            Firmware::find(root.path(), Platform::Q35)
                .unwrap_err()
                .to_string()
                .contains("apt-get install ovmf")
        );
        fs::write(folder.join("OVMF_CODE.fd"), "").unwrap();
        fs::write(folder.join("OVMF_VARS.fd"), "").unwrap();
        assert_eq!(
            Firmware::find(root.path(), Platform::Q35)
                .unwrap()
                .plain
                .code,
            folder.join("OVMF_CODE.fd")
        );
        fs::write(folder.join("OVMF_VARS_4M.fd"), "").unwrap();
        let found = Firmware::find(root.path(), Platform::Q35).unwrap();
        assert_eq!(found.plain.code, folder.join("OVMF_CODE_4M.fd"));
        let none = found.of(true).unwrap_err().to_string();
        assert!(none.contains("OVMF_CODE_4M.secboot.fd"), "{none}");
        let secure = folder.join("OVMF_CODE_4M.secboot.fd");
        fs::write(&secure, "").unwrap();
        let found = Firmware::find(root.path(), Platform::Q35).unwrap();
        assert_eq!(found.of(true).unwrap().code, secure);
        assert_eq!(found.of(false).unwrap(), &found.plain);
    }
}
