//! What a disk's table must become: pure, from the table as it is and the disk's size.

use uuid::Uuid;

use super::partitions::{PartitionRole, STATE_UNFORMATTED, Size};
use crate::gpt::{ALIGNMENT, Partition, Table};

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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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
    let missing = |role: PartitionRole| LayoutError::Missing(role.name());
    let wanted = |role| table.role(role).ok_or_else(|| missing(role));
    let root_a = wanted(PartitionRole::RootA)?;
    wanted(PartitionRole::Boot)?;
    let mut new = Table {
        sectors,
        ..table.clone()
    };
    let mut changes = Vec::new();
    if new.sectors != table.sectors {
        changes.push(Change::MoveBackup);
    }
    match table.state() {
        Some(state) => {
            if grow(&mut new, state.number) {
                changes.push(Change::GrowState);
            }
        }
        None => {
            if table.role(PartitionRole::RootB).is_none() {
                add_root_b(&mut new, root_a)?;
                changes.push(Change::AddRootB);
            }
            add_state(&mut new, root_a)?;
            renew_guids(&mut new, &mut random);
            changes.push(Change::AddState);
        }
    }
    if changes == [Change::MoveBackup] && !fits(&new) {
        return Err(too_small(0));
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
    numbered(&mut table, state.number)?.name = PartitionRole::State.name().into();
    table.forget_reset(state.number);
    Some(table)
}

const fn least_state() -> u64 {
    match PartitionRole::State.place().size {
        Size::Rest(least) | Size::Bytes(least) => least,
        Size::AsRootA => 0,
    }
}

const fn too_small(available: u64) -> LayoutError {
    LayoutError::TooSmall {
        available: available / ALIGNMENT,
        needed: least_state() / ALIGNMENT,
    }
}

fn fits(table: &Table) -> bool {
    let end = table.last_usable();
    table.partitions.iter().all(|p| p.last_lba <= end)
}

fn numbered(table: &mut Table, number: u32) -> Option<&mut Partition> {
    table.partitions.iter_mut().find(|p| p.number == number)
}

const fn alignment(table: &Table) -> u64 {
    ALIGNMENT / table.sector.bytes()
}

/// The last sector of a partition that reaches to the disk's end and ends aligned.
fn last_aligned(table: &Table) -> u64 {
    let unit = alignment(table);
    ((table.last_usable() + 1) / unit * unit).saturating_sub(1)
}

/// Grows the partition to the disk's end if it is the last one and gains something.
fn grow(table: &mut Table, number: u32) -> bool {
    let end = last_aligned(table);
    let Some(own) = numbered(table, number).map(|p| p.last_lba) else {
        return false;
    };
    let is_last = table.partitions.iter().all(|p| p.last_lba <= own);
    let grows = is_last && end > own;
    if grows && let Some(state) = numbered(table, number) {
        state.last_lba = end;
    }
    grows
}

fn add_root_b(table: &mut Table, root_a: &Partition) -> Result<(), LayoutError> {
    let start = table.end_of_used();
    let end = start + (root_a.last_lba - root_a.first_lba);
    let name = PartitionRole::RootB.name();
    add(table, name, root_a.type_guid, (start, end))
}

fn add_state(table: &mut Table, root_a: &Partition) -> Result<(), LayoutError> {
    let start = table.end_of_used();
    let end = last_aligned(table);
    let available = (end + 1).saturating_sub(start) * table.sector.bytes();
    if available < least_state() {
        return Err(too_small(available));
    }
    let partition_type = PartitionRole::State.place().partition_type;
    let type_guid = partition_type.guid(root_a.type_guid);
    add(table, STATE_UNFORMATTED, type_guid, (start, end))
}

fn add(
    table: &mut Table,
    name: &str,
    type_guid: Uuid,
    (first_lba, last_lba): (u64, u64),
) -> Result<(), LayoutError> {
    let number = table.free_number().ok_or(LayoutError::Full)?;
    table.partitions.push(Partition {
        number,
        name: name.into(),
        type_guid,
        guid: Uuid::nil(),
        first_lba,
        last_lba,
        attributes: 0,
    });
    table.partitions.sort_by_key(|p| p.number);
    Ok(())
}

/// Two cards from one image must be two disks.
fn renew_guids(table: &mut Table, random: &mut impl FnMut() -> [u8; 16]) {
    let mut draw = || uuid::Builder::from_random_bytes(random()).into_uuid();
    table.disk_guid = draw();
    for partition in &mut table.partitions {
        partition.guid = draw();
    }
}
