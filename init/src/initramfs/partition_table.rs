//! The booted disk's table: repaired, completed at first boot, grown with the disk.

use super::Failure;
use crate::disk::Disk;
use crate::report::Log;
use disk::gpt::{Table, write};
use disk::layout::{self, CompleteError, Note, format_done};
use host::with_causes;

/// Completes the disk's table and makes the kernel see it.
pub(super) fn complete(disk: &Disk, log: &Log) -> Result<Table, Failure> {
    let mut file = disk.open(true)?;
    let geometry = disk.geometry(&file)?;
    let completed = layout::complete(&mut file, geometry, host::identifier::random).map_err(
        |error| match error {
            CompleteError::Layout(error) => Failure::Layout(error),
            CompleteError::Write(error) => Failure::Write(error),
        },
    )?;
    for note in &completed.notes {
        log_note(note, disk, log);
    }
    if completed.wrote() {
        let failure = |source| Failure::Reread {
            disk: disk.node.display().to_string(),
            source,
        };
        sys::block::reread_table(&file).map_err(failure)?;
    }
    Ok(completed.table)
}

fn log_note(note: &Note, disk: &Disk, log: &Log) {
    let node = disk.node.display();
    match note {
        Note::Repaired => log.line(&format!(
            "a damaged copy of the partition table of {node} was made whole"
        )),
        Note::NotRepaired(error) => log.error(&format!(
            "the backup of the partition table of {node} stays damaged, the disk may be failing: {}",
            with_causes(error)
        )),
        Note::Changed(changes) => log.line(&format!("partition table of {node}: {changes:?}")),
        Note::NotChanged(changes, error) => log.error(&format!(
            "the partition table of {node} stays as it is, without {changes:?}, the disk may be failing: {}",
            with_causes(error)
        )),
    }
}

/// Notes in the table that what was on the state partition is overwritten: that is not asked for any more, but a new one is, and what
/// else is `left` to be done.
pub(super) fn note_wiped(disk: &Disk, table: &Table, left: layout::Reset) -> Result<(), Failure> {
    if let Some(wiped) = table.with_reset(left) {
        write(&mut disk.open(true)?, &wiped)?;
    }
    Ok(())
}

/// Notes in the table that the state partition has been formatted, and whether it is encrypted. The kernel need not know: only the
/// name and attributes change.
pub(super) fn note_format_done(
    disk: &Disk,
    table: &Table,
    encrypted: bool,
) -> Result<Table, Failure> {
    let Some(done) = format_done(table) else {
        return Ok(table.clone());
    };
    let done = done.with_encrypted(encrypted).unwrap_or(done);
    let mut file = disk.open(true)?;
    write(&mut file, &done)?;
    Ok(done)
}

/// Notes in the table that a repair of the state partition is begun, or at its end. The repair goes on without the note: then a
/// power cut in it may leave a repair that nobody is told of.
pub(super) fn note_repair(disk: &Disk, table: &Table, begun: bool, log: &Log) {
    // On the table as it is when the stage began: what it notes in between is this alone.
    let before = table.with_repair_begun(!begun);
    let Some(new) = before.as_ref().unwrap_or(table).with_repair_begun(begun) else {
        return;
    };
    let written = disk
        .open(true)
        .map_err(|error| with_causes(&error))
        .and_then(|mut file| write(&mut file, &new).map_err(|error| with_causes(&error)));
    if let Err(error) = written {
        log.error(&format!(
            "cannot note the repair of state in the partition table: {error}"
        ));
    }
}
