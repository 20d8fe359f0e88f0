//! What a partition table says, free of its encoding.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::SECTOR;

/// Partition type GUIDs this project writes or looks for.
pub mod types {
    use uuid::{Uuid, uuid};

    /// EFI system partition: what UEFI firmware looks for.
    pub const ESP: Uuid = uuid!("c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
    /// Plain data: what every desktop system shows to its user.
    pub const BASIC_DATA: Uuid = uuid!("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7");
    /// Root file system of an x86-64 machine.
    pub const ROOT_X86_64: Uuid = uuid!("4f68bce3-e8cd-4db1-96e7-fbcaf984b709");
    /// Root file system of a 64-bit ARM machine.
    pub const ROOT_ARM64: Uuid = uuid!("b921b045-1df0-41c3-af44-4c6f280d3fae");
    /// Linux data, of no particular use.
    pub const LINUX_DATA: Uuid = uuid!("0fc63daf-8483-4772-8e79-3d69d8477de4");
}

/// One used entry of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Number of the entry, from 1, as the kernel counts (`sda1`).
    pub number: u32,
    /// Name, at most 36 UTF-16 units.
    pub name: String,
    /// What the partition is for.
    pub type_guid: Uuid,
    /// Identity of this very partition.
    pub guid: Uuid,
    /// First sector.
    pub first_lba: u64,
    /// Last sector, inclusive.
    pub last_lba: u64,
    /// Attribute bits as stored.
    pub attributes: u64,
}

impl Partition {
    /// Offset from the disk's start, in bytes, for sectors of [`SECTOR`] bytes.
    pub const fn offset(&self) -> u64 {
        self.first_lba * SECTOR
    }

    /// Length in bytes, for sectors of [`SECTOR`] bytes.
    pub const fn size(&self) -> u64 {
        (self.last_lba - self.first_lba + 1) * SECTOR
    }
}

/// A whole table: its disk and its used entries in order of their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Identity of the disk.
    pub disk_guid: Uuid,
    /// Length of the disk in sectors; the backup header is the last of them.
    pub sectors: u64,
    /// First sector a partition may use.
    pub first_usable: u64,
    /// Last sector a partition may use.
    pub last_usable: u64,
    /// Used entries.
    pub partitions: Vec<Partition>,
}

impl Table {
    /// Length of the disk in bytes.
    pub const fn disk_size(&self) -> u64 {
        self.sectors * SECTOR
    }

    /// The first partition that bears `name`.
    pub fn find(&self, name: &str) -> Option<&Partition> {
        self.partitions.iter().find(|p| p.name == name)
    }
}

/// A GUID that follows from `seed` and `label` alone (version 8), so that images are reproducible.
pub fn derive_guid(seed: &[u8], label: &str) -> Uuid {
    let mut hash = Sha256::new();
    hash.update((seed.len() as u64).to_le_bytes());
    hash.update(seed);
    hash.update(label.as_bytes());
    let digest = hash.finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}
