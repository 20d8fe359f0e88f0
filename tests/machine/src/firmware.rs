//! The UEFI firmware of the host's distribution.

use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Code and empty variables, as pairs: Debian 12 and 13, Ubuntu, older Debian, Fedora, Arch.
const PLACES: &[(&str, &str)] = &[
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

/// The two halves of a UEFI firmware.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Firmware {
    /// Read-only code, shared by all machines.
    pub code: PathBuf,
    /// Empty variables, copied for each machine.
    pub vars: PathBuf,
}

impl Firmware {
    /// The first pair that exists below `root` (`/`, or a fixture).
    ///
    /// # Errors
    /// [`Error::NoFirmware`] with the package to install.
    pub fn find(root: &Path) -> Result<Self> {
        PLACES
            .iter()
            .map(|(code, vars)| Self {
                code: root.join(code),
                vars: root.join(vars),
            })
            .find(|pair| pair.code.is_file() && pair.vars.is_file())
            .ok_or_else(|| Error::NoFirmware {
                looked: PLACES
                    .iter()
                    .map(|(code, _)| format!("/{code}"))
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }
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
            Firmware::find(root.path())
                .unwrap_err()
                .to_string()
                .contains("apt-get install ovmf")
        );
        fs::write(folder.join("OVMF_CODE.fd"), "").unwrap();
        fs::write(folder.join("OVMF_VARS.fd"), "").unwrap();
        assert_eq!(
            Firmware::find(root.path()).unwrap().code,
            folder.join("OVMF_CODE.fd")
        );
    }
}
