//! What the firmware is asked to start after a restart, where it starts a release on trial for one word alone (Raspberry Pi 5).

use init_api::{BootRecord, SlotBoots, UnconfirmedBoot, WhyUnconfirmed, paths};
use slots::tryboot::{NextStart, Tryboot};
use slots::{EntryName, Mounted};
use std::ffi::CString;
use std::path::{Path, PathBuf};

/// Facts for the question, gathered while the records can still be read.
#[derive(Debug)]
pub(super) struct Question {
    /// The first partition, where the record is.
    boot: PathBuf,
    /// Where it can be mounted.
    mount: PathBuf,
    /// The release that runs.
    version: String,
    /// Whether its trial is ended on purpose.
    interrupted: bool,
}

impl Question {
    /// None on a machine whose boot loader decides by itself.
    pub(super) fn new(
        root: &init_api::Root,
        boot: Option<&BootRecord>,
        version: &str,
        ended: Option<&UnconfirmedBoot>,
    ) -> Option<Self> {
        let boots = init_api::load_if_present::<SlotBoots>(root.path(paths::SLOT_BOOTS));
        boots.ok().flatten()?;
        Some(Self {
            boot: boot?.partitions.boot.clone()?,
            mount: root.path(paths::BOOT_MOUNT),
            version: version.to_owned(),
            interrupted: ended.is_some_and(|ended| ended.why == WhyUnconfirmed::Interrupted),
        })
    }

    /// The word for the restart, with a try written down before it is made; none for a plain restart.
    ///
    /// # Errors
    /// The record cannot be read or written, so the good release is next.
    pub(super) fn answer(&self) -> Result<Option<CString>, String> {
        let next = before_restart(&self.boot, &self.mount, &self.version, self.interrupted)?;
        let word = next.word().map(CString::new).transpose();
        word.map_err(|error| error.to_string())
    }
}

/// As PID 1 does it before it restarts out of the release `version`, with the record on the device `boot`, mounted at `mount`: for
/// whoever plays boots without a machine.
///
/// # Errors
/// The record cannot be read or written: a plain restart is next.
pub fn before_restart(
    boot: &Path,
    mount: &Path,
    version: &str,
    interrupted: bool,
) -> Result<NextStart, String> {
    let name = EntryName::of_version(version).map_err(|error| error.to_string())?;
    let mounted = Mounted::open(boot, mount).map_err(|error| host::with_causes(&error))?;
    let record = Tryboot::new(mounted.folder(), None);
    record
        .restart(&name, interrupted)
        .map_err(|error| host::with_causes(&error))
}

#[cfg(test)]
mod tests {
    use super::Question;
    use init_api::{
        BootRecord, Millis, Partitions, Root, Slot, SlotBoots, Started, StateOutcome,
        UnconfirmedBoot, WhyUnconfirmed, paths,
    };

    #[test]
    fn only_a_machine_with_slots_of_its_own_is_asked() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        let record = BootRecord {
            slot: Slot::A,
            root_hash: String::new(),
            disk: "/dev/mmcblk0".into(),
            partitions: Partitions {
                boot: Some("/dev/mmcblk0p1".into()),
                ..Partitions::default()
            },
            state: StateOutcome::Clean,
            watchdog: None,
            started: Started::default(),
            trial: None,
            phases: Vec::new(),
        };
        let ended = |why| UnconfirmedBoot {
            slot: Slot::A,
            root_hash: String::new(),
            version: "1".into(),
            why,
            reasons: Vec::new(),
            at_ms: Millis(1),
        };
        let ask = |ended: Option<UnconfirmedBoot>| {
            let question = Question::new(&root, Some(&record), "1", ended.as_ref());
            question.map(|question| question.interrupted)
        };
        assert_eq!(ask(None), None);
        let boots = SlotBoots {
            a: "/dev/mmcblk0p2".into(),
            b: "/dev/mmcblk0p3".into(),
        };
        init_api::store(root.path(paths::SLOT_BOOTS), &boots).expect("stored");
        for (why, expected) in [
            (None, false),
            (Some(WhyUnconfirmed::TimedOut), false),
            (Some(WhyUnconfirmed::Interrupted), true),
        ] {
            assert_eq!(ask(why.map(ended)), Some(expected), "{why:?}");
        }
        let question = Question::new(&root, Some(&record), "1", None).expect("a question");
        assert!(question.answer().is_err(), "there is no such device");
    }
}
