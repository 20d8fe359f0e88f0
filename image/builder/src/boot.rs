//! The UKI and the boot loader, signed when the user has a key.

use crate::cache::Cache;
use crate::digest::{self, Key};
use crate::error::{Error, Result};
use crate::file;
use crate::initramfs::Parts;
use crate::root_image::RootImage;
use crate::secure_boot::SecureBoot;
use crate::tree::Tree;
use disk::layout::Root;
use formats::uki::Uki;

const INITRAMFS_LEVEL: i32 = 19;

/// The files of the boot partition.
#[derive(Debug, Clone)]
pub(crate) struct BootFiles {
    pub(crate) uki: Vec<u8>,
    pub(crate) loader: Vec<u8>,
    /// Its path on the boot partition.
    pub(crate) loader_path: String,
}

impl BootFiles {
    /// Both programs with the user's signature: the firmware checks the loader, the loader lets it check the UKI.
    fn signed(self, signer: &SecureBoot) -> Result<Self> {
        Ok(Self {
            uki: signer.sign(&self.uki)?,
            loader: signer.sign(&self.loader)?,
            ..self
        })
    }
}

/// The command line that binds this kernel to its root.
fn cmdline(root: &Root, version: &str, parameters: Vec<String>) -> String {
    let own = [root.to_string(), format!("holdfast.version={version}")];
    own.into_iter()
        .chain(parameters)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Makes the boot files.
pub(crate) fn make(
    parts: &Parts<'_>,
    root: &RootImage,
    board: &boards::Release,
    signer: Option<&SecureBoot>,
    cache: &Cache,
) -> Result<BootFiles> {
    let efi = match &board.boot {
        boards::Boot::Uefi(efi) => efi,
        other => {
            return Err(Error::Wrong(format!(
                "images for {other:?} cannot be built yet"
            )));
        }
    };
    let kernel = content(
        parts.packages,
        &format!("boot/vmlinuz-{}", parts.modules.release),
    )?;
    let initrd = initramfs(parts, cache)?;
    let microcode = parts.microcode()?;
    let uki = Uki {
        os_release: parts.release.os_release().as_bytes(),
        cmdline: &cmdline(
            &root.root()?,
            &parts.release.version,
            board.kernel_parameters(),
        ),
        uname: &parts.modules.release,
        linux: &kernel,
        initrd: &initrd,
        ucode: &microcode,
        dtb: &[],
    }
    .build(&content(parts.packages, &efi.stub)?)
    .map_err(Error::format("the UKI"))?;
    let loader = content(parts.packages, &efi.loader)?;
    let files = BootFiles {
        uki,
        loader,
        loader_path: efi.loader_path.clone(),
    };
    match signer {
        Some(signer) => files.signed(signer),
        None => Ok(files),
    }
}

/// The compressed initramfs, once; zstd's highest useful level takes seconds.
fn initramfs(parts: &Parts<'_>, cache: &Cache) -> Result<Vec<u8>> {
    let key = parts
        .key()?
        .with("level", INITRAMFS_LEVEL.to_string())
        .finish();
    let folder = cache.get("initramfs", &key, |folder| {
        let packed = formats::cpio::initramfs(&[], &parts.archive()?, INITRAMFS_LEVEL)
            .map_err(Error::format("the initramfs"))?;
        file::write(&folder.join("initramfs"), &packed)
    })?;
    file::read(&folder.join("initramfs"))
}

fn content(tree: &Tree, path: &str) -> Result<Vec<u8>> {
    let content = tree.content(path).ok_or_else(|| {
        Error::Wrong(format!(
            "no package has /{path}: run `holdfast build lock`, or mend buildroot/packages.toml"
        ))
    })?;
    content.read()
}

/// Identifies the boot files.
pub(crate) fn key(files: &BootFiles, key: Key) -> Key {
    key.with("uki", digest::of_bytes(&files.uki))
        .with("loader", digest::of_bytes(&files.loader))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secure_boot::tests::pair;
    use std::process::Command;

    #[test]
    fn both_programs_are_signed_with_the_users_key_and_no_other() {
        let folder = tempfile::tempdir().expect("temp dir");
        let (mine, other) = (pair(folder.path(), "mine"), pair(folder.path(), "other"));
        let stub = include_bytes!("../../../tests/fuzz/seeds/uki/stub");
        let (uki, loader) = (stub.to_vec(), [&stub[..], &[0; 512]].concat());
        let signed = BootFiles {
            uki: uki.clone(),
            loader: loader.clone(),
            loader_path: "EFI/BOOT/BOOTX64.EFI".into(),
        }
        .signed(&mine)
        .expect("signed");
        let accepted = |signer: &SecureBoot, program: &[u8]| {
            let path = folder.path().join("program");
            std::fs::write(&path, program).expect("written");
            let mut judge = Command::new("sbverify");
            judge.arg("--cert").arg(&signer.certificate).arg(&path);
            judge.output().expect("sbverify").status.success()
        };
        for (name, signed, unsigned) in [
            ("UKI", &signed.uki, &uki),
            ("loader", &signed.loader, &loader),
        ] {
            assert!(accepted(&mine, signed), "{name}");
            assert!(!accepted(&other, signed), "{name}: a foreign certificate");
            assert!(!accepted(&mine, unsigned), "{name}: without a signature");
        }
    }
}
