//! What the files of a release are called in a repository.

use super::{Arch, Digest, Version};
use std::fmt;

/// The list of all releases.
pub const RELEASES: &str = "releases.json";
/// Where the deltas are that make files of a release.
const DELTAS: &str = "from/";

/// A file of a release for one architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum File {
    /// Kernel, initramfs and command line.
    Uki,
    /// The image of a slot's own boot partition, for machines whose firmware starts a kernel by itself (Raspberry Pi 5): kernel,
    /// initramfs, device trees, command line. Not every release has one.
    Boot,
    /// The root image: erofs, then its verity superblock and tree.
    Root,
    /// The digest of each block of the root image.
    Blocks,
    /// What the release is.
    Manifest,
    /// The bill of materials.
    Sbom,
}

impl File {
    /// All of them.
    pub const ALL: [File; 6] = [
        File::Uki,
        File::Boot,
        File::Root,
        File::Blocks,
        File::Manifest,
        File::Sbom,
    ];

    /// Those that deltas are made of: the large ones.
    pub const WITH_DELTAS: [File; 3] = [File::Root, File::Uki, File::Boot];

    /// Its name in the folder of its release and architecture.
    pub const fn name(self) -> &'static str {
        match self {
            File::Uki => "uki.efi",
            File::Boot => "boot.img",
            File::Root => "root.img",
            File::Blocks => "root.blocks",
            File::Manifest => "manifest.json",
            File::Sbom => "sbom.spdx.json",
        }
    }
}

impl fmt::Display for File {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// The name of a release's file in the repository: `0.2.0/amd64/root.img`.
pub fn target_name(version: &Version, arch: Arch, file: File) -> String {
    format!("{}{file}", target_folder(version, arch))
}

/// What the names of a release's files for an architecture begin with: `0.2.0/amd64/`.
pub(crate) fn target_folder(version: &Version, arch: Arch) -> String {
    format!("{version}/{arch}/")
}

/// The name of the delta that makes a file of a release out of the same file of another one, which is `from`
/// ([`Manifest::identity`](super::Manifest::identity)): `0.2.0/amd64/from/<digest>.delta`.
pub fn delta_name(version: &Version, arch: Arch, from: &Digest) -> String {
    format!("{}{DELTAS}{from}.delta", target_folder(version, arch))
}

/// Whether a file of the repository is a delta.
#[cfg(feature = "publish")]
pub(crate) fn is_delta(name: &str) -> bool {
    name.split_inclusive('/').nth(2) == Some(DELTAS)
}
