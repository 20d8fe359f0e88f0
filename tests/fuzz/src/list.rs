//! The list of targets.

use crate::target::Target;
use crate::{
    authorities, backups, boards_files, disks, image_formats, init_parsers, locks, manifests,
    os_config_files, packages, releases, secure_boot, slot_records, ssh_keys, volumes,
};

/// Every target, by what it belongs to.
pub const TARGETS: &[Target] = &[
    authorities::TARGET,
    backups::TARGET,
    boards_files::TARGET,
    disks::GPT,
    disks::GPT_LARGE_SECTORS,
    disks::ROOT_PARAMETERS,
    disks::VERITY,
    disks::VERITY_SUPERBLOCK,
    init_parsers::EFI_VARIABLE,
    init_parsers::KERNEL_CRASH,
    init_parsers::MODULES,
    init_parsers::REQUESTS,
    init_parsers::STATE_SUPERBLOCK,
    init_parsers::UEVENT,
    locks::TARGET,
    manifests::TARGET,
    volumes::TARGET,
    ssh_keys::TARGET,
    os_config_files::COMMAND_LINE,
    os_config_files::CONFIG,
    os_config_files::MIGRATE,
    packages::APT,
    packages::ARCHIVE,
    packages::ELF,
    packages::MODULES,
    releases::BLOCKS,
    releases::DELTA,
    releases::LIST,
    releases::MANIFEST,
    releases::RESCUE,
    secure_boot::LISTS,
    secure_boot::PROGRAM,
    slot_records::TARGET,
    image_formats::FAT,
    image_formats::UKI,
];

/// The target called `name`.
pub fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
