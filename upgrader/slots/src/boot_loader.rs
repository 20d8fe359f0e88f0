//! The boot loader of a machine: one set of questions and orders, whichever it is.

use crate::{
    Counter, Entry, EntryName, SlotBoots, SlotsError, SystemdBoot, Tryboot, UBoot, Writing,
    starts_before, tryboot,
};
use std::path::{Path, PathBuf};

/// What starts entries from a mounted boot partition.
#[derive(Debug, Clone)]
pub enum BootLoader {
    /// systemd-boot: counters are in the names of files.
    SystemdBoot(SystemdBoot),
    /// U-Boot: counters are in a record.
    UBoot(UBoot),
    /// The Raspberry Pi's firmware: a record, and one start for a release on trial.
    Tryboot(Tryboot),
}

/// What the boot loader starts of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// The UKI, a file of the boot partition.
    Uki,
    /// The image of a boot partition that each slot has for itself.
    Image,
}

/// How often a release on trial is started where the boot loader counts.
const TRIES: u32 = 3;

impl BootLoader {
    /// The one whose files are on the boot partition that is mounted at `partition`. `slots` are boot partitions that each slot has
    /// for itself, if the disk has such.
    pub fn of(partition: &Path, slots: Option<&SlotBoots>) -> Self {
        if slots.is_some() || Tryboot::is_on(partition) {
            Self::Tryboot(Tryboot::new(partition, slots))
        } else if UBoot::is_on(partition) {
            Self::UBoot(UBoot::new(partition))
        } else {
            Self::SystemdBoot(SystemdBoot::new(partition))
        }
    }

    /// What it starts of a release.
    pub fn program(&self) -> Program {
        match self {
            Self::SystemdBoot(_) | Self::UBoot(_) => Program::Uki,
            Self::Tryboot(_) => Program::Image,
        }
    }

    /// How often it starts a release on trial.
    pub fn tries(&self) -> u32 {
        match self {
            Self::SystemdBoot(_) | Self::UBoot(_) => TRIES,
            Self::Tryboot(_) => tryboot::TRIES,
        }
    }

    /// Whether it starts a release on trial after a restart that asks for it alone: after any other, the good one runs.
    pub fn waits_for_a_word(&self) -> bool {
        matches!(self, Self::Tryboot(_))
    }

    /// Checks that the kernel can ask for the start of a release on trial; `is_there` is whether a path of the running system is.
    ///
    /// # Errors
    /// It cannot.
    pub fn check_one_shot(&self, is_there: impl Fn(&str) -> bool) -> Result<(), SlotsError> {
        if !self.waits_for_a_word() || tryboot::ONE_SHOT.iter().any(|path| is_there(path)) {
            return Ok(());
        }
        Err(SlotsError::NoOneShot(tryboot::ONE_SHOT.join(" nor ")))
    }

    /// The entry of this name, with whatever counter.
    ///
    /// # Errors
    /// The entries cannot be read.
    pub fn find(&self, name: &EntryName) -> Result<Option<Entry>, SlotsError> {
        match self {
            Self::SystemdBoot(boot) => boot.find(name),
            Self::UBoot(boot) => boot.find(name),
            Self::Tryboot(boot) => boot.find(name),
        }
    }

    /// Where the program of this entry can be read: a file of the mounted partition, or a device that begins with it.
    ///
    /// # Errors
    /// The entries cannot be read.
    pub fn program_of(&self, name: &EntryName) -> Result<Option<PathBuf>, SlotsError> {
        match self {
            Self::SystemdBoot(boot) => boot.program_of(name),
            Self::UBoot(boot) => boot.program_of(name),
            Self::Tryboot(boot) => boot.program_of(name),
        }
    }

    /// Where the program that waits to become the entry of this name can be read. None where no firmware looks at who signed it.
    pub fn waiting_program_of(&self, name: &EntryName) -> Option<PathBuf> {
        match self {
            Self::SystemdBoot(boot) => boot.waiting_program_of(name),
            Self::UBoot(_) | Self::Tryboot(_) => None,
        }
    }

    /// Whether a program waits to become the entry of this name.
    pub fn waits(&self, name: &EntryName) -> bool {
        match self {
            Self::SystemdBoot(boot) => boot.waits(name),
            Self::UBoot(boot) => boot.waits(name),
            Self::Tryboot(boot) => boot.waits(name),
        }
    }

    /// Whether the one entry is started before the other when neither is spent, so that it has to be put behind. The
    /// others start what is on trial first.
    pub fn starts_before(&self, one: &EntryName, other: &EntryName) -> bool {
        match self {
            Self::SystemdBoot(_) => starts_before(one, other),
            Self::UBoot(_) | Self::Tryboot(_) => false,
        }
    }

    /// Begins to write a program of `size` bytes beside the entries; it is no entry yet.
    ///
    /// # Errors
    /// No room, or the file cannot be made.
    pub fn begin(&self, name: &EntryName, size: u64) -> Result<Writing, SlotsError> {
        match self {
            Self::SystemdBoot(boot) => boot.begin(name, size),
            Self::UBoot(boot) => boot.begin(name, size),
            Self::Tryboot(boot) => boot.begin(name, size),
        }
    }

    /// Checks the digest of a program that waits, as it is on the device.
    ///
    /// # Errors
    /// It is not there, or not what it was.
    pub fn check_waiting(&self, name: &EntryName, sha256: &str) -> Result<(), SlotsError> {
        match self {
            Self::SystemdBoot(boot) => boot.check_waiting(name, sha256),
            Self::UBoot(boot) => boot.check_waiting(name, sha256),
            Self::Tryboot(boot) => boot.check_waiting(name, sha256),
        }
    }

    /// Makes the program that waits an entry with `tries` tries: from here on, the boot loader may start it.
    ///
    /// # Errors
    /// It is not there, or the boot partition does not take it.
    pub fn arm(&self, name: &EntryName, tries: u32) -> Result<(), SlotsError> {
        match self {
            Self::SystemdBoot(boot) => boot.arm(name, tries),
            Self::UBoot(boot) => boot.arm(name, tries),
            Self::Tryboot(boot) => boot.arm(name, tries),
        }
    }

    /// Takes the entry out of the boot loader's sight: its program waits again.
    ///
    /// # Errors
    /// It is not there, or the boot partition does not take it.
    pub fn disarm(&self, name: &EntryName) -> Result<(), SlotsError> {
        match self {
            Self::SystemdBoot(boot) => boot.disarm(name),
            Self::UBoot(boot) => boot.disarm(name),
            Self::Tryboot(boot) => boot.disarm(name),
        }
    }

    /// Gives the entry another counter, or none: then it is good for ever.
    ///
    /// # Errors
    /// It is not there, or the boot partition does not take it.
    pub fn count(&self, name: &EntryName, counter: Option<Counter>) -> Result<(), SlotsError> {
        match self {
            Self::SystemdBoot(boot) => boot.count(name, counter),
            Self::UBoot(boot) => boot.count(name, counter),
            Self::Tryboot(boot) => boot.count(name, counter),
        }
    }

    /// As [`BootLoader::count`], for the last good release: at every moment a whole entry of it is there.
    ///
    /// # Errors
    /// As there, or there is no room for a copy where one is needed.
    pub fn count_by_copy(
        &self,
        name: &EntryName,
        counter: Option<Counter>,
    ) -> Result<(), SlotsError> {
        match self {
            Self::SystemdBoot(boot) => boot.count_by_copy(name, counter),
            Self::UBoot(boot) => boot.count(name, counter),
            Self::Tryboot(boot) => boot.count(name, counter),
        }
    }

    /// Checks that there is room for [`BootLoader::count_by_copy`].
    ///
    /// # Errors
    /// There is not, or the entry is not there.
    pub fn check_room_to_copy(&self, name: &EntryName) -> Result<(), SlotsError> {
        match self {
            Self::SystemdBoot(boot) => boot.check_room_to_copy(name),
            Self::UBoot(_) | Self::Tryboot(_) => Ok(()),
        }
    }

    /// Takes every entry and every waiting program away but those of `kept`, and sets strays aside.
    ///
    /// # Errors
    /// One cannot be removed.
    pub fn keep_only(&self, kept: &[&EntryName]) -> Result<(), SlotsError> {
        match self {
            Self::SystemdBoot(boot) => boot.keep_only(kept),
            Self::UBoot(boot) => boot.keep_only(kept),
            Self::Tryboot(boot) => boot.keep_only(kept),
        }
    }

    /// Makes files that a cut in a rename left such that they are not started. The others start what their record names.
    ///
    /// # Errors
    /// One cannot be renamed.
    pub fn set_strays_aside(&self) -> Result<(), SlotsError> {
        match self {
            Self::SystemdBoot(boot) => boot.set_strays_aside(),
            Self::UBoot(_) | Self::Tryboot(_) => Ok(()),
        }
    }

    /// Proves that the partition takes and keeps writes; `content` is what is tried with where a file is needed for that.
    ///
    /// # Errors
    /// It does not.
    pub fn prove_writable(&self, content: &[u8]) -> Result<(), SlotsError> {
        match self {
            Self::SystemdBoot(boot) => boot.prove_writable(content),
            Self::UBoot(boot) => boot.prove_writable(),
            Self::Tryboot(boot) => boot.prove_writable(),
        }
    }

    /// Checks that `needed` bytes are free.
    ///
    /// # Errors
    /// They are not.
    pub fn check_room(&self, needed: u64) -> Result<(), SlotsError> {
        match self {
            Self::SystemdBoot(boot) => boot.check_room(needed),
            Self::UBoot(boot) => boot.check_room(needed),
            Self::Tryboot(boot) => boot.check_room(needed),
        }
    }
}
