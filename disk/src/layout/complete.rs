//! Completing the table on a disk.

use super::first_boot::{Change, LayoutError, Plan, plan};
use crate::gpt::{Repair, Table, WriteError, read, repair, write};
use crate::{Geometry, Store};

/// The table as it is now.
#[derive(Debug)]
pub struct Completed {
    /// The table that counts.
    pub table: Table,
    /// What was done to it, in that order.
    pub notes: Vec<Note>,
}

/// Something that was done to the table.
#[derive(Debug)]
pub enum Note {
    /// A damaged copy was made whole.
    Repaired,
    /// The backup stays damaged.
    NotRepaired(WriteError),
    /// It was changed.
    Changed(Vec<Change>),
    /// It stays as it was, which is good enough.
    NotChanged(Vec<Change>, WriteError),
}

/// The system cannot run with the table as it is.
#[derive(Debug, thiserror::Error)]
pub enum CompleteError {
    /// It cannot be laid out.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// It cannot be read or written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Completed {
    /// Whether the disk was written to, so that the kernel must look anew.
    pub fn wrote(&self) -> bool {
        self.notes
            .iter()
            .any(|note| matches!(note, Note::Repaired | Note::Changed(_)))
    }
}

/// Repairs, completes and grows the table of a disk. `random` draws 16 random bytes.
///
/// # Errors
/// Neither copy can be used, the disk cannot be laid out, or it does not take what the system cannot run without.
pub fn complete(
    store: &mut impl Store,
    geometry: Geometry,
    random: impl FnMut() -> [u8; 16],
) -> Result<Completed, CompleteError> {
    let copies = read(store, geometry);
    let (table, repaired) = repair(store, copies, geometry)?;
    let mut notes = Vec::new();
    match repaired {
        Repair::NotNeeded => {}
        Repair::Done => notes.push(Note::Repaired),
        Repair::Failed(error) => notes.push(Note::NotRepaired(error)),
    }
    let plan = plan(&table, geometry.sectors, random)?;
    if plan.changes.is_empty() {
        return Ok(Completed { table, notes });
    }
    let (
        can_wait,
        Plan {
            table: new,
            changes,
        },
    ) = (plan.can_wait(), plan);
    match write(store, &new) {
        Ok(()) => {
            notes.push(Note::Changed(changes));
            Ok(Completed { table: new, notes })
        }
        // The primary was not touched.
        Err(error @ WriteError::Backup { .. }) if can_wait => {
            notes.push(Note::NotChanged(changes, error));
            Ok(Completed { table, notes })
        }
        Err(error) => Err(error.into()),
    }
}
