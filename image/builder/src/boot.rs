//! The UKI and the boot loader, signed when the user has a key.

use crate::cache::Cache;
use crate::digest::{self, Key};
use crate::error::{Error, Result};
use crate::file;
use crate::initramfs::Parts;
use crate::program::Program;
use crate::root_image::RootImage;
use crate::tree::Tree;
use formats::uki::Uki;
use std::path::{Path, PathBuf};

const INITRAMFS_LEVEL: i32 = 19;

/// A key of the user's to sign with.
#[derive(Debug, Clone)]
pub struct SecureBoot {
    /// Private key, PEM.
    pub key: PathBuf,
    /// Its certificate, PEM.
    pub certificate: PathBuf,
}

/// The files of the boot partition.
#[derive(Debug, Clone)]
pub(crate) struct BootFiles {
    pub(crate) uki: Vec<u8>,
    pub(crate) loader: Vec<u8>,
    /// Its path on the boot partition.
    pub(crate) loader_path: String,
}

/// The command line that binds this kernel to its root.
fn cmdline(root: &RootImage, version: &str, parameters: Vec<String>) -> String {
    let own = [
        format!("holdfast.roothash={}", root.hash),
        format!("holdfast.rootsize={}", root.data_size),
        format!("holdfast.version={version}"),
    ];
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
        cmdline: &cmdline(root, &parts.release.version, board.kernel_parameters()),
        uname: &parts.modules.release,
        linux: &kernel,
        initrd: &initrd,
        ucode: &microcode,
        dtb: &[],
    }
    .build(&content(parts.packages, &efi.stub)?)
    .map_err(Error::format("the UKI"))?;
    let loader = content(parts.packages, &efi.loader)?;
    let (uki, loader) = match signer {
        Some(signer) => (sign(&uki, signer)?, sign(&loader, signer)?),
        None => (uki, loader),
    };
    Ok(BootFiles {
        uki,
        loader,
        loader_path: efi.loader_path.clone(),
    })
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

/// Signs an EFI program for Secure Boot.
fn sign(program: &[u8], signer: &SecureBoot) -> Result<Vec<u8>> {
    let folder = tempfile::tempdir().map_err(Error::write(Path::new("a temporary folder")))?;
    let (unsigned, signed) = (folder.path().join("unsigned"), folder.path().join("signed"));
    file::write(&unsigned, program)?;
    Program::new("sbsign")
        .arg("--key")
        .arg(&signer.key)
        .arg("--cert")
        .arg(&signer.certificate)
        .arg("--output")
        .arg(&signed)
        .arg(&unsigned)
        .stdout()?;
    file::read(&signed)
}

/// Identifies the boot files.
pub(crate) fn key(files: &BootFiles, key: Key) -> Key {
    key.with("uki", digest::of_bytes(&files.uki))
        .with("loader", digest::of_bytes(&files.loader))
}
