//! `state.encryption`: a new machine whose state shall be encrypted, and is not, begins again at once. A node that runs keeps what it
//! has: what encrypts it, loses it.

use crate::damage_choice::{booted_table, change_table};
use disk::layout::Reset;
use init_api::{BootRecord, Problem, Root, StateOutcome, load_if_present, paths};
use os_config::Encryption;
use std::fs;
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
}

impl StateDisk {
    /// As it stands below `root`; none where the booted disk's table cannot be read.
    pub fn read(root: &Root) -> Option<Self> {
        let table = booted_table(root)?;
        let boot: Option<BootRecord> = load_if_present(root.path(paths::BOOT)).ok()?;
        let tpms = fs::read_dir(root.path("/sys/class/tpmrm"));
        Some(Self {
            wanted: table.encryption_wanted(),
            encrypted: table.is_encrypted(),
            in_use: boot.is_some_and(|boot| boot.state != StateOutcome::Unusable),
            tpm: tpms.is_ok_and(|mut all| all.next().is_some()),
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
    /// It is as it shall be, or that is for a later boot.
    Nothing,
    /// The machine is new: it restarts, and state is made anew.
    Begin,
    /// The machine is new and cannot have it.
    Refused(Problem),
    /// The node runs, and goes on as it is.
    Later(String),
}

/// Decides. `is_node` is whether a node ran here before: what is on state then is worth keeping. A machine that was refused, or lost
/// power on the way, is as new at its next start.
pub(crate) fn wish(encryption: Encryption, disk: Option<StateDisk>, is_node: bool) -> Wish {
    let Some(disk) = disk else {
        return Wish::Nothing;
    };
    match (encryption, disk.encrypted) {
        (Encryption::None, false) | (Encryption::Tpm, true) => Wish::Nothing,
        (Encryption::None, true) => Wish::Later(
            "state stays encrypted, though `state.encryption` is `none`: it is made so when state is made new (`holdfast reset --keep-config`)".into(),
        ),
        // Why it is not is told already.
        (Encryption::Tpm, false) if !disk.in_use => Wish::Nothing,
        (Encryption::Tpm, false) if is_node => Wish::Later(format!(
            "state is not encrypted, though `state.encryption` is `tpm`: {}",
            missing(disk).unwrap_or("it is made so when state is made new (`holdfast backup` saves the node, `holdfast reset --keep-config` begins anew)")
        )),
        (Encryption::Tpm, false) => match missing(disk) {
            None => Wish::Begin,
            Some(missing) => Wish::Refused(refused(missing)),
        },
    }
}

/// What the partition table has to be told, if anything; a machine that cannot encrypt is not asked to. Where memory stands in for
/// state, nothing: what was begun there goes on.
pub(crate) fn to_note(encryption: Encryption, disk: Option<StateDisk>) -> Option<bool> {
    let disk = disk.filter(|disk| disk.in_use)?;
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
            "`state.encryption` is `tpm`, but {missing}. Nothing was begun, so that nothing lies on the disk in clear."
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
    use super::{StateDisk, Wish, to_note, wish};
    use os_config::Encryption::{self, None as Clear, Tpm};

    fn disk(wanted: bool, encrypted: bool) -> StateDisk {
        StateDisk {
            wanted,
            encrypted,
            in_use: true,
            tpm: true,
            signed: true,
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

    #[test]
    fn only_a_new_machine_begins_again() {
        let without_tpm = |disk| StateDisk { tpm: false, ..disk };
        let unsigned = |disk| StateDisk {
            signed: false,
            ..disk
        };
        type Case = (
            Encryption,
            Option<StateDisk>,
            bool,
            &'static str,
            Option<bool>,
        );
        let closed = |disk| StateDisk {
            in_use: false,
            ..disk
        };
        let cases: [Case; 14] = [
            (Tpm, None, false, "nothing", None),
            (Clear, Some(disk(false, false)), false, "nothing", None),
            (Clear, Some(disk(true, true)), true, "later", Some(false)),
            (Clear, Some(disk(true, false)), true, "nothing", Some(false)),
            (Tpm, Some(disk(false, false)), false, "begin", Some(true)),
            (Tpm, Some(disk(true, false)), false, "begin", None),
            (Tpm, Some(disk(false, false)), true, "later", Some(true)),
            (Tpm, Some(disk(true, true)), false, "nothing", None),
            (Tpm, Some(disk(true, true)), true, "nothing", None),
            (Tpm, Some(closed(disk(true, true))), false, "nothing", None),
            (
                Tpm,
                Some(without_tpm(closed(disk(true, false)))),
                false,
                "nothing",
                None,
            ),
            (
                Tpm,
                Some(without_tpm(disk(false, false))),
                false,
                "refused",
                None,
            ),
            (
                Tpm,
                Some(unsigned(disk(false, false))),
                false,
                "refused",
                None,
            ),
            (
                Tpm,
                Some(without_tpm(disk(true, false))),
                true,
                "later",
                Some(false),
            ),
        ];
        for (key, disk, is_node, expected, noted) in cases {
            let found = wish(key, disk, is_node);
            assert_eq!(
                kind(&found),
                expected,
                "{key:?} on {disk:?}, {is_node}: {found:?}"
            );
            assert_eq!(to_note(key, disk), noted, "{key:?} on {disk:?}");
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
            let Wish::Refused(problem) = wish(Tpm, Some(disk), false) else {
                panic!("{disk:?}");
            };
            assert!(problem.text.contains(expected), "{}", problem.text);
        }
    }
}
