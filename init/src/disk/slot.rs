//! Which root partition this kernel belongs to: the one whose hash tree has the hash of the command line.

use super::{Role, Store, Table};
use crate::cmdline::RootSpec;
use crate::verity::{BLOCK, RootHash, Superblock, SuperblockError};
use init_api::Slot;
use std::io;
use thiserror::Error;

/// The slot that this kernel belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSlot {
    /// Which.
    pub slot: Slot,
    /// The number of its partition.
    pub partition: u32,
    /// How to open it.
    pub superblock: Superblock,
}

/// No slot holds the root that this kernel belongs to.
#[derive(Debug, Error)]
#[error("no root partition holds root {wanted}: {}", .seen.iter().map(|(name, why)| format!("{name}: {why}")).collect::<Vec<_>>().join("; "))]
pub struct SlotError {
    wanted: RootHash,
    seen: Vec<(&'static str, Mismatch)>,
}

/// Why a partition is not it.
#[derive(Debug, Error)]
enum Mismatch {
    #[error("no such partition")]
    Missing,
    #[error("smaller than the root")]
    Small,
    #[error("cannot be read ({0})")]
    Read(io::Error),
    #[error("{0}")]
    Superblock(SuperblockError),
    #[error("its superblock speaks of {0} blocks of data")]
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
    root: &RootSpec,
) -> Result<FoundSlot, SlotError> {
    let mut seen = Vec::new();
    for (role, slot) in [(Role::RootA, Slot::A), (Role::RootB, Slot::B)] {
        match check(store, table, role, root) {
            Ok((partition, superblock)) => {
                return Ok(FoundSlot {
                    slot,
                    partition,
                    superblock,
                });
            }
            Err(mismatch) => seen.push((role.name(), mismatch)),
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
    role: Role,
    root: &RootSpec,
) -> Result<(u32, Superblock), Mismatch> {
    let (number, entry) = table.role(role).ok_or(Mismatch::Missing)?;
    let size = (entry.ending_lba - entry.starting_lba + 1) * table.sector;
    if root
        .size
        .checked_add(2 * BLOCK)
        .is_none_or(|least| least > size)
    {
        return Err(Mismatch::Small);
    }
    let mut blocks = [0; 2 * BLOCK as usize];
    let offset = entry.starting_lba * table.sector + root.size;
    store.read_at(offset, &mut blocks).map_err(Mismatch::Read)?;
    let (first, top) = blocks.split_at(BLOCK as usize);
    let superblock = Superblock::parse(first).map_err(Mismatch::Superblock)?;
    if superblock.data_blocks.checked_mul(BLOCK) != Some(root.size) {
        return Err(Mismatch::Size(superblock.data_blocks));
    }
    let top = top
        .try_into()
        .expect("the second half of two blocks is one block");
    let hash = superblock.root_hash(top);
    if hash == root.hash {
        Ok((number, superblock))
    } else {
        Err(Mismatch::Other(hash))
    }
}
