//! A reset that a person asks for: noted in the partition table of the booted disk, carried out at the next boot.

use crate::damage_choice::change_table;
pub use crate::sources::AskedByStick;
use crate::sources::mark_reset_done;
pub use disk::layout::Reset;
use init_api::{BootRecord, Root, load_if_present, paths};
use std::io;

/// A reset that was not begun; nothing is changed.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// A release on trial goes back by itself, and that needs what is on state.
    #[error(
        "this release is on trial: wait until it is confirmed, or go back with `holdfast upgrade rollback`, and reset then"
    )]
    OnTrial,
    /// The table cannot be read or written.
    #[error("the reset cannot be noted in the partition table")]
    Note(#[source] io::Error),
    /// The stick would ask for it at every boot.
    #[error(
        "the USB stick {device} asks for a reset and cannot be written to, so that it would ask at every boot; switch its write protection off"
    )]
    Stick {
        /// Its device.
        device: String,
        /// Why.
        source: io::Error,
    },
}

/// Has the next boot reset the machine.
///
/// # Errors
/// What [`ResetError`] lists.
pub fn request(root: &Root, reset: Reset) -> Result<(), ResetError> {
    let boot: Option<BootRecord> = load_if_present(root.path(paths::BOOT)).unwrap_or_default();
    let pending = root.path(paths::TRIAL).exists();
    if pending && boot.is_some_and(|boot| boot.trial.is_some()) {
        return Err(ResetError::OnTrial);
    }
    change_table(root, |table| table.with_reset(reset)).map_err(ResetError::Note)
}

/// As [`request`], for a stick; the file on it gets another name, so that it asks once. In this order a cut leads to the same
/// reset twice, and never to none.
///
/// # Errors
/// What [`ResetError`] lists.
pub fn request_by_stick(root: &Root, asked: &AskedByStick) -> Result<(), ResetError> {
    request(root, asked.reset)?;
    mark_reset_done(&asked.device, asked.file).map_err(|source| {
        // It stands in the table already. A machine that did it would be asked again, for ever.
        let taken_back = change_table(root, disk::layout::format_done);
        let source = taken_back.err().unwrap_or(source);
        ResetError::Stick {
            device: asked.device.clone(),
            source,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{ResetError, request};
    use disk::layout::Reset;
    use init_api::{
        BootRecord, BootTrial, Partitions, Root, Slot, Started, StateOutcome, paths, store,
    };
    use std::fs;

    #[test]
    fn a_release_on_trial_is_not_reset_and_a_disk_that_cannot_be_read_is_said() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        let mut boot = BootRecord {
            slot: Slot::A,
            root_hash: String::new(),
            disk: folder.path().join("no-disk"),
            partitions: Partitions::default(),
            state: StateOutcome::Clean,
            watchdog: None,
            started: Started::default(),
            trial: Some(BootTrial { deadline_s: 600 }),
            phases: Vec::new(),
        };
        store(root.path(paths::BOOT), &boot).expect("stored");
        let trial = root.path(paths::TRIAL);
        fs::create_dir_all(trial.parent().expect("a folder")).expect("folder");
        fs::write(&trial, "{}").expect("written");
        let asked = || request(&root, Reset::Everything);
        assert!(matches!(asked(), Err(ResetError::OnTrial)));
        // Confirmed: its record is gone.
        fs::remove_file(trial).expect("removed");
        assert!(matches!(asked(), Err(ResetError::Note(_))));
        boot.trial = None;
        store(root.path(paths::BOOT), &boot).expect("stored");
        assert!(matches!(asked(), Err(ResetError::Note(_))));
    }
}
