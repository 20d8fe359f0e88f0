//! The two slots, and which of them a kernel belongs to: the one whose hash tree has the hash of the command line.

use std::fmt;
use std::io;

use super::partitions::PartitionRole;
use super::wanted_root::WantedRoot;
use crate::Store;
use crate::gpt::Table;
use crate::verity::{BLOCK, RootHash, Superblock, SuperblockError};

/// One of the two places for a root image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// Partition `root-a`.
    A,
    /// Partition `root-b`.
    B,
}

impl Slot {
    /// Both, in the order in which they are looked through.
    pub const ALL: [Self; 2] = [Self::A, Self::B];

    /// The role of its root partition.
    pub const fn root(self) -> PartitionRole {
        match self {
            Self::A => PartitionRole::RootA,
            Self::B => PartitionRole::RootB,
        }
    }

    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::A => "a",
            Self::B => "b",
        })
    }
}

/// The slot that a kernel belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSlot {
    /// Which.
    pub slot: Slot,
    /// The number of its partition.
    pub partition: u32,
    /// How to open it.
    pub superblock: Superblock,
}

/// No slot holds the root that a kernel belongs to.
#[derive(Debug, thiserror::Error)]
#[error("no root partition holds root {wanted}: {}", .seen.iter().map(|(name, why)| format!("{name}: {why}")).collect::<Vec<_>>().join("; "))]
pub struct SlotError {
    wanted: RootHash,
    seen: Vec<(&'static str, Mismatch)>,
}

/// Why a partition is not it.
#[derive(Debug, thiserror::Error)]
enum Mismatch {
    #[error("no such partition")]
    Missing,
    #[error("smaller than the root")]
    Small,
    #[error("cannot be read ({0})")]
    Read(io::Error),
    #[error("{0}")]
    Superblock(SuperblockError),
    #[error("its superblock has {0} blocks of data, which is not this kernel's root")]
    Size(u64),
    #[error("it holds root {0}")]
    Other(RootHash),
}

/// Finds the slot.
///
/// # Errors
/// None has it; the message says what each one has instead.
pub fn find_slot(
    store: &impl Store,
    table: &Table,
    root: &WantedRoot,
) -> Result<FoundSlot, SlotError> {
    let mut seen = Vec::new();
    for slot in Slot::ALL {
        match check(store, table, slot.root(), root) {
            Ok((partition, superblock)) => {
                return Ok(FoundSlot {
                    slot,
                    partition,
                    superblock,
                });
            }
            Err(mismatch) => seen.push((slot.root().name(), mismatch)),
        }
    }
    Err(SlotError {
        wanted: root.hash,
        seen,
    })
}

fn check(
    store: &impl Store,
    table: &Table,
    role: PartitionRole,
    root: &WantedRoot,
) -> Result<(u32, Superblock), Mismatch> {
    let partition = table.role(role).ok_or(Mismatch::Missing)?;
    let extent = table.extent(partition);
    let least = root.size.checked_add(2 * BLOCK as u64);
    if least.is_none_or(|least| least > extent.size) {
        return Err(Mismatch::Small);
    }
    let mut blocks = [0; 2 * BLOCK];
    store
        .read_at(extent.offset + root.size, &mut blocks)
        .map_err(Mismatch::Read)?;
    let (first, top) = blocks.split_at(BLOCK);
    let superblock = Superblock::parse(first).map_err(Mismatch::Superblock)?;
    if superblock.data_size() != root.size {
        return Err(Mismatch::Size(superblock.data_blocks));
    }
    let top = top
        .try_into()
        .expect("the second half of two blocks is one block");
    let hash = superblock.root_hash(top);
    if hash == root.hash {
        Ok((partition.number, superblock))
    } else {
        Err(Mismatch::Other(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sector;
    use crate::gpt::{NewPartition, derive_guid, types};
    use crate::verity::{Params, append};
    use std::io::Cursor;

    const MIB: usize = 1 << 20;

    /// An image of one byte's value all over, and what its kernel says about it.
    fn image(value: u8) -> (Vec<u8>, WantedRoot) {
        let size = 200 * BLOCK;
        let mut image = Cursor::new(vec![value; size]);
        let params = Params {
            salt: vec![value; 32],
            uuid: derive_guid(&[value], "image"),
        };
        let hash = append(&mut image, params).expect("a tree").root_hash();
        let root = WantedRoot {
            hash,
            size: size as u64,
        };
        (image.into_inner(), root)
    }

    /// A disk with these images in slot A and slot B.
    fn disk(sector: Sector, slots: [Option<&[u8]>; 2]) -> (Vec<u8>, Table) {
        let part = |slot: Slot| NewPartition {
            name: slot.root().name().into(),
            type_guid: types::ROOT_X86_64,
            guid: derive_guid(b"test", slot.root().name()),
            size: MIB as u64,
            attributes: 0,
        };
        let parts = Slot::ALL.map(part);
        let table = Table::plan(sector, derive_guid(b"test", ""), &parts, None).expect("fits");
        let mut disk = vec![0; table.disk_size() as usize];
        for (slot, image) in Slot::ALL.into_iter().zip(slots) {
            let partition = table.role(slot.root()).expect("planned");
            let at = table.extent(partition).offset;
            disk.write_at(at, image.unwrap_or_default()).expect("fits");
        }
        (disk, table)
    }

    #[test]
    fn a_kernel_finds_its_own_root_wherever_it_is() {
        let ((one, root_one), (two, root_two)) = (image(1), image(2));
        for sector in [Sector::Bytes512, Sector::Bytes4096] {
            let (disk, table) = disk(sector, [Some(&one), Some(&two)]);
            for (root, slot, number) in [(root_one, Slot::A, 1), (root_two, Slot::B, 2)] {
                let found = find_slot(&disk, &table, &root).expect("it is there");
                assert_eq!((found.slot, found.partition), (slot, number));
                assert_eq!(found.superblock.data_size(), root.size);
                assert_ne!(slot, slot.other());
            }
        }
    }

    #[test]
    fn every_slot_says_why_it_is_not_the_one() {
        let ((one, root), (_, other)) = (image(1), image(2));
        let (mut disk, mut table) = disk(Sector::Bytes512, [Some(&one), None]);
        let why = |disk: &Vec<u8>, table: &Table, root: WantedRoot| {
            let error = find_slot(disk, table, &root).expect_err("it is not there");
            error.to_string()
        };
        assert_eq!(
            why(&disk, &table, other),
            format!(
                "no root partition holds root {}: root-a: it holds root {}; root-b: there is no verity superblock",
                other.hash, root.hash
            )
        );
        let large = WantedRoot {
            size: MIB as u64,
            ..root
        };
        assert!(why(&disk, &table, large).contains("root-a: smaller than the root"));
        let count = table.extent(&table.partitions[0]).offset + root.size + 72;
        disk[count as usize] += 1;
        assert!(why(&disk, &table, root).contains("root-a: its superblock has 201 blocks of data"));
        table.partitions.pop();
        assert!(why(&disk, &table, root).ends_with("root-b: no such partition"));
        disk.truncate(MIB);
        assert!(why(&disk, &table, root).contains("root-a: cannot be read"));
    }
}
