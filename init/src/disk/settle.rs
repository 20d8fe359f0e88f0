//! Bringing the table on a disk into its final form.

use super::{
    Change, LayoutError, Mending, Plan, Store, Table, WriteError, mend, plan, read, write,
};
use thiserror::Error;

/// The table as it is now.
#[derive(Debug)]
pub struct Settled {
    /// The table that counts.
    pub table: Table,
    /// What was done to it, in that order.
    pub notes: Vec<Note>,
}

/// Something that was done to the table.
#[derive(Debug)]
pub enum Note {
    /// A damaged copy was made whole.
    Mended,
    /// The backup stays damaged.
    NotMended(WriteError),
    /// It was changed.
    Changed(Vec<Change>),
    /// It stays as it was, which is good enough.
    NotChanged(Vec<Change>, WriteError),
}

/// The system cannot run with the table as it is.
#[derive(Debug, Error)]
pub enum SettleError {
    /// It cannot be laid out.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// It cannot be read or written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Settled {
    /// Whether the disk was written to, so that the kernel must look anew.
    pub fn wrote(&self) -> bool {
        self.notes
            .iter()
            .any(|note| matches!(note, Note::Mended | Note::Changed(_)))
    }
}

/// Mends, completes and grows the table of a disk of `sectors` sectors of `sector` bytes. `random` draws 16 random bytes.
///
/// # Errors
/// Neither copy can be used, the disk cannot be laid out, or it does not take what the system cannot run without.
pub fn settle(
    store: &mut impl Store,
    (sector, sectors): (u64, u64),
    random: impl FnMut() -> [u8; 16],
) -> Result<Settled, SettleError> {
    let copies = read(store, sector, sectors);
    let (table, mending) = mend(store, copies, sectors)?;
    let mut notes = Vec::new();
    match mending {
        Mending::NotNeeded => {}
        Mending::Done => notes.push(Note::Mended),
        Mending::Failed(error) => notes.push(Note::NotMended(error)),
    }
    let plan = plan(&table, sectors, random)?;
    if plan.changes.is_empty() {
        return Ok(Settled { table, notes });
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
            Ok(Settled { table: new, notes })
        }
        // The primary was not touched.
        Err(error @ WriteError::Backup { .. }) if can_wait => {
            notes.push(Note::NotChanged(changes, error));
            Ok(Settled { table, notes })
        }
        Err(error) => Err(error.into()),
    }
}
