//! The UKI and the boot loader, signed when the user has a key.

use crate::cache::Cache;
use crate::digest::{self, Key};
use crate::error::{Error, Result};
use crate::file;
use crate::initramfs::Parts;
use crate::kernel::files::{device_tree, program};
use crate::pcr_policy;
use crate::root_image::RootImage;
use crate::secure_boot::SecureBoot;
use crate::slot_boot;
use crate::tree::Tree;
use boards::{Board, BootMechanism, Tryboot};
use disk::layout::{END_OF_SIGNED, MAINTENANCE, MAINTENANCE_ENTRY, WantedRoot};
use formats::uki::{Profile, Uki};
use slots::u_boot::{self, Record};
use slots::{EntryName, tryboot};
use std::borrow::Cow;
use std::collections::BTreeMap;

const INITRAMFS_LEVEL: i32 = 19;

/// What the boot partition holds.
#[derive(Debug, Clone)]
pub(crate) struct BootFiles {
    pub(crate) uki: Vec<u8>,
    /// The image of a slot's own boot partition, if a board of the architecture has such: a release is for all of them.
    pub(crate) slot_image: Option<Vec<u8>>,
    pub(crate) loader: Loader,
}

/// What a board's boot mechanism needs beside the UKI.
#[derive(Debug, Clone)]
pub(crate) enum Loader {
    /// systemd-boot's program, and its path on the boot partition.
    SystemdBoot { program: Vec<u8>, path: String },
    /// Firmware, device trees, U-Boot and its script: paths on the boot partition, and what is there. The record of the slots
    /// names the version, and is made with it.
    UBoot(BTreeMap<String, Vec<u8>>),
    /// The Raspberry Pi's firmware, which starts the slot image. What chooses the slot names the version, and is made with it.
    Tryboot,
}

/// systemd-boot's settings. The menu is not shown, entries are chosen by version and counter (a `default` would override
/// that), and a UKI that cannot be loaded leads to a reboot, not to a wait for a person.
const LOADER_CONF: &str =
    "timeout 0\neditor no\nauto-entries no\nauto-firmware no\nreboot-on-error yes\n";

/// Who signs what: the UKI is measured as it is without a signature for Secure Boot, which comes last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signers<'a> {
    pub(crate) secure_boot: Option<&'a SecureBoot>,
    pub(crate) pcr: Option<pcr_policy::Signer<'a>>,
}

impl Signers<'_> {
    fn uki(&self, uki: &Uki<'_>, stub: &[u8]) -> Result<Vec<u8>> {
        match self.pcr {
            Some(signer) => signer.build(uki, stub),
            None => uki.build(stub).map_err(Error::format("the UKI")),
        }
    }
}

impl BootFiles {
    /// What each slot's own boot partition holds on this board's disk, if it has one.
    pub(crate) fn own_slot_image(&self) -> Option<&[u8]> {
        match &self.loader {
            Loader::Tryboot => self.slot_image.as_deref(),
            Loader::SystemdBoot { .. } | Loader::UBoot(_) => None,
        }
    }

    /// Paths on the boot partition, and what is there.
    ///
    /// # Errors
    /// The version cannot be a boot entry's.
    pub(crate) fn files(&self, version: &str) -> Result<Vec<(String, Cow<'_, [u8]>)>> {
        let name = EntryName::of_version(version).map_err(Error::format("the boot entry"))?;
        let mut files = match &self.loader {
            Loader::SystemdBoot { program, path } => vec![
                (path.clone(), Cow::Borrowed(&program[..])),
                ("loader/loader.conf".into(), LOADER_CONF.as_bytes().into()),
            ],
            Loader::UBoot(files) => {
                let record = Record::of(name.clone()).render().to_vec();
                files
                    .iter()
                    .map(|(path, content)| (path.clone(), Cow::Borrowed(&content[..])))
                    .chain([
                        (u_boot::RECORD.into(), record.clone().into()),
                        (u_boot::SPARE_RECORD.into(), record.into()),
                    ])
                    .collect()
            }
            Loader::Tryboot => {
                let record = tryboot::Record::of(name).render().to_vec();
                let files = [tryboot::RECORD, tryboot::SPARE_RECORD];
                return Ok(files
                    .map(|file| (file.to_owned(), record.clone().into()))
                    .into());
            }
        };
        files.push((format!("EFI/Linux/{name}"), Cow::Borrowed(&self.uki)));
        Ok(files)
    }

    /// Both programs with the user's signature: the firmware checks the loader, the loader lets it check the UKI.
    fn signed(self, signer: &SecureBoot) -> Result<Self> {
        Ok(Self {
            uki: signer.sign(&self.uki)?,
            slot_image: self.slot_image,
            loader: match self.loader {
                Loader::SystemdBoot { program, path } => Loader::SystemdBoot {
                    program: signer.sign(&program)?,
                    path,
                },
                Loader::UBoot(_) | Loader::Tryboot => {
                    return Err(Error::Wrong(
                        "this board's firmware checks no signatures: build its image without --secure-boot-key".into(),
                    ));
                }
            },
        })
    }
}

/// The command line that binds this kernel to its root. Its last word says where it ends: what a boot loader or a virtual machine
/// appends comes after it.
fn cmdline(root: &WantedRoot, version: &str, parameters: Vec<String>) -> String {
    let own = [root.to_string(), format!("holdfast.version={version}")];
    own.into_iter()
        .chain(parameters)
        .chain([END_OF_SIGNED.to_owned()])
        .collect::<Vec<_>>()
        .join(" ")
}

/// Makes the boot files; `asked` is whether a person at the machine may ask for maintenance mode by the boot menu.
pub(crate) fn make(
    parts: &Parts<'_>,
    root: &RootImage,
    (board, asked): (&Board, bool),
    signers: Signers<'_>,
    cache: &Cache,
) -> Result<BootFiles> {
    let kernel = program(parts.packages, &parts.modules.release)?;
    let initrd = initramfs(parts, cache)?;
    let microcode = parts.microcode()?;
    let version = &parts.release.version;
    let (root, parameters) = (root.root()?, board.release.kernel_parameters());
    // It is signed with the rest, so that it is there with Secure Boot, too.
    let for_a_person = parameters.iter().cloned().chain([MAINTENANCE.to_owned()]);
    let for_a_person = cmdline(&root, version, for_a_person.collect());
    let os_release = parts.release.os_release();
    let of_maintenance = parts.release.os_release_of_maintenance();
    let profiles = asked.then_some(Profile {
        id: "maintenance",
        title: MAINTENANCE_ENTRY,
        os_release: of_maintenance.as_bytes(),
        cmdline: &for_a_person,
        ..Profile::default()
    });
    let uki = Uki {
        os_release: os_release.as_bytes(),
        cmdline: &cmdline(&root, version, parameters.clone()),
        uname: &parts.modules.release,
        linux: &kernel,
        initrd: &initrd,
        ucode: &microcode,
        profiles: profiles.as_slice(),
        ..Uki::default()
    };
    let stub = content(parts.packages, &board.release.stub)?;
    let uki = signers.uki(&uki, &stub)?;
    let slot_image = |own: &Tryboot| {
        let parameters = parameters.iter().chain(&own.words).cloned();
        let kernel = slot_boot::Kernel {
            release: &parts.modules.release,
            program: &kernel,
            initramfs: &initrd,
            cmdline: &cmdline(&root, version, parameters.collect()),
        };
        slot_boot::image(parts.packages, own, &kernel)
    };
    let files = BootFiles {
        slot_image: board.release.tryboot.as_ref().map(slot_image).transpose()?,
        loader: loader(parts.packages, &board.boot, &parts.modules.release)?,
        uki,
    };
    match signers.secure_boot {
        Some(signer) => files.signed(signer),
        None => Ok(files),
    }
}

fn loader(packages: &Tree, mechanism: &BootMechanism, kernel: &str) -> Result<Loader> {
    match mechanism {
        BootMechanism::SystemdBoot(files) => Ok(Loader::SystemdBoot {
            program: content(packages, &files.loader)?,
            path: files.loader_path.clone(),
        }),
        BootMechanism::UBoot(files) => u_boot(packages, files, kernel),
        BootMechanism::Tryboot(_) => Ok(Loader::Tryboot),
        other => Err(Error::Wrong(format!(
            "images for {other:?} cannot be built yet"
        ))),
    }
}

/// What the firmware and U-Boot read. The device trees are those of the kernel that the image has.
fn u_boot(packages: &Tree, board: &boards::UBoot, kernel: &str) -> Result<Loader> {
    let mut files = BTreeMap::new();
    for (path, from) in &board.files {
        files.insert(path.clone(), content(packages, from)?);
    }
    for tree in &board.device_trees {
        let (_, name) = tree.rsplit_once('/').unwrap_or(("", tree));
        files.insert(name.to_owned(), device_tree(packages, kernel, tree)?);
    }
    for (path, text) in &board.texts {
        files.insert(path.clone(), text.trim_start().as_bytes().to_vec());
    }
    let script = formats::boot_script::wrap("Holdfast", u_boot::SCRIPT);
    let script = script.map_err(Error::format("boot.scr"))?;
    files.insert("boot.scr".into(), script);
    Ok(Loader::UBoot(files))
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
            "no package has /{path}: run `holdfast build lock`, or correct buildroot/packages.toml"
        ))
    })?;
    content.read()
}

/// Identifies the boot files.
pub(crate) fn key(files: &BootFiles, key: Key) -> Key {
    let key = key.with("uki", digest::of_bytes(&files.uki));
    match &files.loader {
        Loader::SystemdBoot { program, .. } => key.with("loader", digest::of_bytes(program)),
        Loader::UBoot(files) => files.iter().fold(key, |key, (path, content)| {
            key.with(path, digest::of_bytes(content))
        }),
        Loader::Tryboot => key.with(
            "slot",
            digest::of_bytes(files.own_slot_image().unwrap_or_default()),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secure_boot::tests::pair;
    use crate::tree::{Content, Node};
    use std::process::Command;

    #[test]
    fn both_programs_are_signed_with_the_users_key_and_no_other() {
        let folder = tempfile::tempdir().expect("temp dir");
        let (mine, other) = (pair(folder.path(), "mine"), pair(folder.path(), "other"));
        let stub = include_bytes!("../../../tests/fuzz/seeds/uki/stub");
        let (uki, loader) = (stub.to_vec(), [&stub[..], &[0; 512]].concat());
        let signed = BootFiles {
            uki: uki.clone(),
            slot_image: None,
            loader: Loader::SystemdBoot {
                program: loader.clone(),
                path: "EFI/BOOT/BOOTX64.EFI".into(),
            },
        }
        .signed(&mine)
        .expect("signed");
        let Loader::SystemdBoot { program, .. } = &signed.loader else {
            panic!("{:?}", signed.loader);
        };
        let accepted = |signer: &SecureBoot, program: &[u8]| {
            let path = folder.path().join("program");
            std::fs::write(&path, program).expect("written");
            let mut judge = Command::new("sbverify");
            judge.arg("--cert").arg(&signer.certificate).arg(&path);
            judge.output().expect("sbverify").status.success()
        };
        for (name, signed, unsigned) in [("UKI", &signed.uki, &uki), ("loader", program, &loader)] {
            assert!(accepted(&mine, signed), "{name}");
            assert!(!accepted(&other, signed), "{name}: a foreign certificate");
            assert!(!accepted(&mine, unsigned), "{name}: without a signature");
        }
    }

    #[test]
    fn the_boot_partition_has_what_firmware_and_loader_look_for() {
        let files = BootFiles {
            uki: vec![1],
            slot_image: Some(vec![3; 8192]),
            loader: Loader::SystemdBoot {
                program: vec![2],
                path: "EFI/BOOT/BOOTX64.EFI".into(),
            },
        };
        assert_eq!(files.own_slot_image(), None, "that is another board's");
        let files = files.files("1.2.0").expect("a version");
        let there: Vec<_> = files
            .iter()
            .map(|(path, c)| (path.as_str(), &c[..]))
            .collect();
        assert_eq!(
            there,
            [
                ("EFI/BOOT/BOOTX64.EFI", &[2][..]),
                ("loader/loader.conf", LOADER_CONF.as_bytes()),
                ("EFI/Linux/holdfast_1.2.0.efi", &[1]),
            ]
        );
    }

    /// The first partition of a Raspberry Pi 5's disk: the firmware's numbers are those of the disk's layout.
    #[test]
    fn a_firmware_that_chooses_finds_which_slot_starts() {
        let files = BootFiles {
            uki: vec![1],
            slot_image: Some(vec![2; 8192]),
            loader: Loader::Tryboot,
        };
        assert_eq!(files.own_slot_image(), Some(&[2; 8192][..]));
        let files = files.files("1.2.0").expect("a version");
        let names: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(names, ["autoboot.txt", "autoboot-good.txt"]);
        let text = String::from_utf8(files[0].1.to_vec()).expect("text");
        let firmwares = "[all]\ntryboot_a_b=1\nboot_partition=2\n[tryboot]\nboot_partition=3\n";
        assert!(text.starts_with(firmwares), "{text}");
        assert!(text.contains("# a=holdfast_1.2.0.efi\n"), "{text}");
        let parts =
            disk::layout::image_partitions_with_slot_boots(disk::gpt::types::ROOT_ARM64, |_| {
                disk::gpt::types::ESP
            });
        for slot in tryboot::Slot::ALL {
            let part = &parts[slot.partition() as usize - 1];
            assert_eq!(part.name, format!("boot-{}", slot.letter()));
        }
    }

    #[test]
    fn a_raspberry_pis_boot_partition_has_what_its_firmware_and_u_boot_look_for() {
        let mut packages = Tree::default();
        for path in [
            "usr/lib/raspi-firmware/start4.elf",
            "usr/lib/u-boot/rpi_arm64/u-boot.bin",
            "usr/lib/linux-image-6.12-arm64/broadcom/bcm2711-rpi-4-b.dtb",
        ] {
            packages.put(path, 0o644, Node::File(Content::Bytes(path.into())));
        }
        let board = boards::UBoot {
            files: [
                ("start4.elf", "usr/lib/raspi-firmware/start4.elf"),
                ("u-boot.bin", "usr/lib/u-boot/rpi_arm64/u-boot.bin"),
            ]
            .map(|(to, from)| (to.to_owned(), from.to_owned()))
            .into(),
            device_trees: ["broadcom/bcm2711-rpi-4-b.dtb".to_owned()].into(),
            texts: [("config.txt".to_owned(), "\narm_64bit=1\n".to_owned())].into(),
        };
        let missing = u_boot(&packages, &board, "6.13-arm64").expect_err("another kernel");
        assert!(missing.to_string().contains("6.13-arm64"), "{missing}");
        let files = BootFiles {
            uki: vec![1],
            slot_image: None,
            loader: u_boot(&packages, &board, "6.12-arm64").expect("made"),
        };
        let there: BTreeMap<_, _> = files
            .files("1.2.0")
            .expect("a version")
            .into_iter()
            .collect();
        let names: Vec<&str> = there.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "EFI/Linux/holdfast_1.2.0.efi",
                "bcm2711-rpi-4-b.dtb",
                "boot.scr",
                "config.txt",
                "slots-good.txt",
                "slots.txt",
                "start4.elf",
                "u-boot.bin",
            ]
        );
        assert_eq!(there["config.txt"][..], b"arm_64bit=1\n"[..]);
        assert_eq!(there["slots.txt"], there["slots-good.txt"]);
        let record = Record::parse(&there["slots.txt"]).expect("a record");
        assert_eq!(record.good.as_str(), "holdfast_1.2.0.efi");
    }
}
