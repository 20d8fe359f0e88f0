//! `state.encryption`: a new machine whose state shall be encrypted, and is not, begins again at once. A node that runs keeps what it
//! has: what encrypts it, loses it.

use crate::damage_choice::change_table;
use disk::gpt::Table;
use disk::layout::Reset;
use init_api::{BootRecord, Problem, Root, StateOutcome, load_if_present, paths, sealing};
use os_config::Encryption;
use std::io;

/// How the state partition stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StateDisk {
    /// It is encrypted when it is made new.
    pub wanted: bool,
    /// It is encrypted.
    pub encrypted: bool,
    /// It is mounted; otherwise memory stands in for it.
    pub in_use: bool,
    /// The machine has a TPM 2.0.
    pub tpm: bool,
    /// The running release is signed for it.
    pub signed: bool,
    /// The running release is on trial.
    pub on_trial: bool,
    /// A repair of its file system may have lost what said that a cluster was there.
    pub repaired: bool,
}

impl StateDisk {
    /// As it stands below `root`, by the booted disk's table; none where nobody knows how the machine was started.
    pub(crate) fn read(root: &Root, table: &Table) -> Option<Self> {
        let boot: Option<BootRecord> = load_if_present(root.path(paths::BOOT)).ok()?;
        let state = boot.as_ref().map(|boot| boot.state);
        Some(Self {
            wanted: table.encryption_wanted(),
            encrypted: table.is_encrypted(),
            in_use: state.is_some_and(|state| state != StateOutcome::Unusable),
            on_trial: boot.is_some_and(|boot| boot.trial.is_some()),
            repaired: state == Some(StateOutcome::RepairedAtRisk)
                || root.path(paths::STATE_REPAIRS).exists(),
            tpm: sealing::tpm(root).is_some(),
            signed: root.path(paths::SEALING_KEY).exists(),
        })
    }

    fn can(self) -> bool {
        self.tpm && self.signed
    }
}

/// What follows from the key and the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wish {
    /// It is as it shall be, or why it is not is told already.
    Nothing,
    /// The machine is new: it restarts, and state is made anew.
    Begin,
    /// The machine is new and cannot have it.
    Refused(Problem),
    /// The node runs, and goes on as it is.
    Later(String),
}

/// What of the node decides, besides its disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    /// State holds something that is worth keeping: a cluster was founded, or a repair saved what there was.
    pub cluster: bool,
    /// A configuration or a release is on trial, and what ends the trial lies on state.
    pub trial: bool,
}

/// Decides. A machine that was refused, or lost power on the way, is as new at its next start.
pub(crate) fn wish(encryption: Encryption, disk: Option<StateDisk>, kept: Kept) -> Wish {
    let Some(disk) = disk else {
        return match encryption == Encryption::Tpm && !kept.cluster {
            true => Wish::Refused(refused("the partition table cannot be read")),
            false => Wish::Nothing,
        };
    };
    match (encryption, disk.encrypted) {
        (Encryption::None, false) | (Encryption::Tpm, true) => Wish::Nothing,
        (Encryption::None, true) => Wish::Later(
            "state stays encrypted, though `state.encryption` is `none`: it is made so when state is made new (`holdfast reset --keep-config`)".into(),
        ),
        (Encryption::Tpm, false) if !disk.in_use => Wish::Nothing,
        (Encryption::Tpm, false) if kept.cluster => Wish::Later(format!(
            "state is not encrypted, though `state.encryption` is `tpm`: {}",
            missing(disk).unwrap_or("it is made so when state is made new (`holdfast backup` saves the node, `holdfast reset --keep-config` begins anew)")
        )),
        (Encryption::Tpm, false) => match missing(disk) {
            Some(missing) => Wish::Refused(refused(missing)),
            None if kept.trial => Wish::Refused(refused(
                "this configuration, or this release, is on trial: put the key into config.yaml, or flash the release, so that it is for good",
            )),
            None => Wish::Begin,
        },
    }
}

/// What the partition table has to be told, if anything; a machine that cannot encrypt is not asked to. Where memory stands in for
/// state, only that it is not wanted any more: what was begun there goes on else.
pub(crate) fn to_note(encryption: Encryption, disk: Option<StateDisk>) -> Option<bool> {
    let disk = disk.filter(|disk| disk.in_use || encryption == Encryption::None)?;
    let wanted = encryption == Encryption::Tpm && (disk.can() || disk.encrypted);
    (wanted != disk.wanted).then_some(wanted)
}

fn missing(disk: StateDisk) -> Option<&'static str> {
    match (disk.tpm, disk.signed) {
        (false, _) => Some("this machine has no TPM 2.0 that the kernel knows"),
        (true, false) => {
            Some("this release is not signed for it: its images were built without `--pcr-key`")
        }
        (true, true) => None,
    }
}

fn refused(missing: &str) -> Problem {
    Problem::new(
        "The state partition cannot be encrypted",
        format!(
            "`state.encryption` is `tpm`, but {missing}. So no cluster was begun, and nothing of one lies on the disk in clear."
        ),
        "Switch the TPM on in the firmware's setup (it may be called PTT or fTPM there), or flash a release that is signed for it, and restart. \
         Where that cannot be, take `state.encryption` out of config.yaml and restart: then a thief who has the disk can read it.",
    )
}

/// Notes in the partition table what the next formatting does.
///
/// # Errors
/// The table cannot be read or written.
pub(crate) fn note(root: &Root, wanted: bool) -> io::Result<()> {
    change_table(root, |table| table.with_encryption_wanted(wanted))
}

/// Has the next boot make the state partition anew, encrypted: one write.
///
/// # Errors
/// The table cannot be read or written.
pub fn begin(root: &Root) -> io::Result<()> {
    change_table(root, |table| {
        let wanted = table.with_encryption_wanted(true);
        let table = wanted.as_ref().unwrap_or(table);
        table.with_reset(Reset::KeepConfig).or(wanted)
    })
}

#[cfg(test)]
mod tests {
    use super::{Kept, StateDisk, Wish, to_note, wish};
    use os_config::Encryption::{self, None as Clear, Tpm};

    fn disk(wanted: bool, encrypted: bool) -> StateDisk {
        StateDisk {
            wanted,
            encrypted,
            in_use: true,
            tpm: true,
            signed: true,
            on_trial: false,
            repaired: false,
        }
    }

    fn kind(wish: &Wish) -> &'static str {
        match wish {
            Wish::Nothing => "nothing",
            Wish::Begin => "begin",
            Wish::Refused(_) => "refused",
            Wish::Later(_) => "later",
        }
    }

    const NEW: Kept = Kept {
        cluster: false,
        trial: false,
    };
    const NODE: Kept = Kept {
        cluster: true,
        trial: false,
    };
    const TRIAL: Kept = Kept {
        cluster: false,
        trial: true,
    };

    #[test]
    fn only_a_new_machine_begins_again() {
        let without_tpm = |disk| StateDisk { tpm: false, ..disk };
        let unsigned = |disk| StateDisk {
            signed: false,
            ..disk
        };
        let closed = |disk| StateDisk {
            in_use: false,
            ..disk
        };
        type Case = (
            Encryption,
            Option<StateDisk>,
            Kept,
            &'static str,
            Option<bool>,
        );
        let cases: [Case; 18] = [
            (Tpm, None, NEW, "refused", None),
            (Tpm, None, NODE, "nothing", None),
            (Clear, None, NEW, "nothing", None),
            (Clear, Some(disk(false, false)), NEW, "nothing", None),
            (Clear, Some(disk(true, true)), NODE, "later", Some(false)),
            (Clear, Some(disk(true, false)), NODE, "nothing", Some(false)),
            (
                Clear,
                Some(closed(disk(true, false))),
                NEW,
                "nothing",
                Some(false),
            ),
            (Tpm, Some(disk(false, false)), NEW, "begin", Some(true)),
            (Tpm, Some(disk(true, false)), NEW, "begin", None),
            (Tpm, Some(disk(false, false)), TRIAL, "refused", Some(true)),
            (Tpm, Some(disk(false, false)), NODE, "later", Some(true)),
            (Tpm, Some(disk(true, true)), NEW, "nothing", None),
            (Tpm, Some(disk(true, true)), NODE, "nothing", None),
            (Tpm, Some(closed(disk(true, true))), NEW, "nothing", None),
            (
                Tpm,
                Some(without_tpm(closed(disk(true, false)))),
                NEW,
                "nothing",
                None,
            ),
            (
                Tpm,
                Some(without_tpm(disk(false, false))),
                NEW,
                "refused",
                None,
            ),
            (
                Tpm,
                Some(unsigned(disk(false, false))),
                NEW,
                "refused",
                None,
            ),
            (
                Tpm,
                Some(without_tpm(disk(true, false))),
                NODE,
                "later",
                Some(false),
            ),
        ];
        for (key, disk, kept, expected, noted) in cases {
            let found = wish(key, disk, kept);
            let case = format!("{key:?} on {disk:?}, {kept:?}: {found:?}");
            assert_eq!(kind(&found), expected, "{case}");
            assert_eq!(to_note(key, disk), noted, "{case}");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        for (tpm, signed, expected) in [(false, true, "has no TPM 2.0"), (true, false, "--pcr-key")]
        {
            let disk = StateDisk {
                tpm,
                signed,
                ..disk(false, false)
            };
            let Wish::Refused(problem) = wish(Tpm, Some(disk), NEW) else {
                panic!("{disk:?}");
            };
            assert!(problem.text.contains(expected), "{}", problem.text);
        }
    }
}
