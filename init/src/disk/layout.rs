//! What a disk's table must become: pure, from the table as it is and the disk's size.

use super::{Guid, Role, Table};
use gptman::GPTPartitionEntry;
use thiserror::Error;

/// 1 MiB, to which partitions are aligned.
const ALIGNMENT: u64 = 1024 * 1024;
/// A state partition smaller than this cannot hold a cluster's database and images.
const LEAST_STATE: u64 = 1024 * 1024 * 1024;
const STATE_TYPE: &str = "0fc63daf-8483-4772-8e79-3d69d8477de4";

/// What a plan changes in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The backup moves to the disk's end.
    MoveBackup,
    /// Slot B's partition is added.
    AddRootB,
    /// The state partition is added, to be formatted; disk and partitions get GUIDs of their own.
    AddState,
    /// The state partition takes in the space behind it.
    GrowState,
}

/// The table as it must become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The whole new table.
    pub table: Table,
    /// How it differs; empty when nothing is to be written.
    pub changes: Vec<Change>,
}

impl Plan {
    /// Whether the system runs as well with the table as it was: the next boot tries again.
    pub fn can_wait(&self) -> bool {
        let can_wait = |change| matches!(change, &Change::MoveBackup | &Change::GrowState);
        self.changes.iter().all(can_wait)
    }
}

/// The disk cannot be laid out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LayoutError {
    /// A partition that every Holdfast disk has is missing.
    #[error("the disk has no partition named {0}")]
    Missing(&'static str),
    /// No room for state.
    #[error("the disk is too small: {available} MiB are left for state, {needed} MiB are needed")]
    TooSmall {
        /// What is left, MiB.
        available: u64,
        /// What is needed, MiB.
        needed: u64,
    },
    /// All numbers are taken.
    #[error("the partition table has no free entry")]
    Full,
}

/// Plans the table for a disk of `sectors` sectors. `random` draws 16 random bytes.
///
/// # Errors
/// It is not our disk, or it is too small.
pub fn plan(
    table: &Table,
    sectors: u64,
    mut random: impl FnMut() -> [u8; 16],
) -> Result<Plan, LayoutError> {
    let (_, root_a) = table
        .role(Role::RootA)
        .ok_or(LayoutError::Missing(Role::RootA.name()))?;
    let root_a = root_a.clone();
    table
        .role(Role::Boot)
        .ok_or(LayoutError::Missing(Role::Boot.name()))?;
    let mut new = Table {
        last: sectors.saturating_sub(1),
        ..table.clone()
    };
    let mut changes = Vec::new();
    if new.last != table.last {
        changes.push(Change::MoveBackup);
    }
    match table.state() {
        Some(state) => {
            if grow(&mut new, state.number) {
                changes.push(Change::GrowState);
            }
        }
        None => {
            if table.role(Role::RootB).is_none() {
                add_root_b(&mut new, &root_a)?;
                changes.push(Change::AddRootB);
            }
            add_state(&mut new)?;
            renew_guids(&mut new, &mut random);
            changes.push(Change::AddState);
        }
    }
    if changes == [Change::MoveBackup] && !fits(&new) {
        return Err(LayoutError::TooSmall {
            available: 0,
            needed: LEAST_STATE / ALIGNMENT,
        });
    }
    Ok(Plan {
        table: new,
        changes,
    })
}

/// The same table, saying that the state partition has been formatted; none if it says so already.
pub fn format_done(table: &Table) -> Option<Table> {
    let state = table.state().filter(|state| state.is_new)?;
    let mut table = table.clone();
    entry(&mut table, state.number)?.partition_name = Role::State.name().into();
    Some(table)
}

fn fits(table: &Table) -> bool {
    table
        .partitions()
        .all(|(_, e)| e.ending_lba <= table.last_usable())
}

fn entry(table: &mut Table, number: u32) -> Option<&mut GPTPartitionEntry> {
    table.entries.get_mut(number.checked_sub(1)? as usize)
}

fn alignment(table: &Table) -> u64 {
    (ALIGNMENT / table.sector.max(1)).max(1)
}

/// The first aligned sector behind every partition.
fn end_of_used(table: &Table) -> u64 {
    let end = table.partitions().map(|(_, e)| e.ending_lba + 1).max();
    end.unwrap_or(table.first_usable)
        .next_multiple_of(alignment(table))
}

/// The last sector of a partition that reaches to the disk's end and ends aligned.
fn last_aligned(table: &Table) -> u64 {
    let unit = alignment(table);
    ((table.last_usable() + 1) / unit * unit).saturating_sub(1)
}

/// Grows the partition to the disk's end if it is the last one and gains something.
fn grow(table: &mut Table, number: u32) -> bool {
    let end = last_aligned(table);
    let Some(own) = entry(table, number).map(|e| e.ending_lba) else {
        return false;
    };
    let is_last = table.partitions().all(|(_, e)| e.ending_lba <= own);
    let grows = is_last && end > own;
    if grows && let Some(state) = entry(table, number) {
        state.ending_lba = end;
    }
    grows
}

fn add_root_b(table: &mut Table, root_a: &GPTPartitionEntry) -> Result<(), LayoutError> {
    let start = end_of_used(table);
    let end = start + (root_a.ending_lba - root_a.starting_lba);
    add(table, Role::RootB, root_a.partition_type_guid, start, end)
}

fn add_state(table: &mut Table) -> Result<(), LayoutError> {
    let start = end_of_used(table);
    let end = last_aligned(table);
    let available = (end + 1).saturating_sub(start) * table.sector;
    if available < LEAST_STATE {
        return Err(LayoutError::TooSmall {
            available: available / ALIGNMENT,
            needed: LEAST_STATE / ALIGNMENT,
        });
    }
    let kind = Guid::parse(STATE_TYPE).expect("the constant is a GUID");
    add(table, Role::StateNew, kind.0, start, end)
}

fn add(
    table: &mut Table,
    role: Role,
    kind: [u8; 16],
    start: u64,
    end: u64,
) -> Result<(), LayoutError> {
    // A gap is a partition that somebody lost: its number is left for it.
    let behind = table
        .entries
        .iter()
        .rposition(|e| e.is_used())
        .map_or(0, |last| last + 1);
    let place = if behind < table.entries.len() {
        Some(behind)
    } else {
        table.entries.iter().position(|e| e.is_unused())
    };
    let free = place
        .and_then(|place| table.entries.get_mut(place))
        .ok_or(LayoutError::Full)?;
    *free = GPTPartitionEntry {
        partition_type_guid: kind,
        unique_partition_guid: [0; 16],
        starting_lba: start,
        ending_lba: end,
        attribute_bits: 0,
        partition_name: role.name().into(),
    };
    Ok(())
}

/// Two cards from one image must be two disks.
fn renew_guids(table: &mut Table, random: &mut impl FnMut() -> [u8; 16]) {
    table.disk = Guid::random(random());
    for entry in table.entries.iter_mut().filter(|e| e.is_used()) {
        entry.unique_partition_guid = Guid::random(random()).0;
    }
}
