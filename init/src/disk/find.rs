//! Which of the disks was booted.

use disk::gpt::{Table, Uuid};
use std::time::Duration;

/// All disks flashed from one image have the same GUIDs until their first boot: before the wrong one is laid out, another
/// gets this long to show itself. A USB disk shows itself 1 s after the kernel found it.
const AS_FLASHED: Duration = Duration::from_secs(3);
/// Without the boot loader's word, any disk of ours may be the one.
const NO_WORD: Duration = Duration::from_secs(1);

/// The decision over the disks that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice<'a> {
    /// This one.
    Found {
        /// Its name.
        name: &'a str,
        /// If no other one shows itself for so long.
        quiet: Duration,
    },
    /// None yet.
    NotYet,
    /// More than one could be it.
    Several(Vec<&'a str>),
}

/// Chooses among `(name, table)`. With `loader`, the GUID of the partition that the boot loader came from, the disk that
/// holds that partition; without it, the only disk with our partitions.
pub(crate) fn choose<'a>(disks: &[(&'a str, &Table)], loader: Option<Uuid>) -> Choice<'a> {
    let fits = |table: &Table| match loader {
        Some(guid) => table.partitions.iter().any(|p| p.guid == guid),
        None => table.is_holdfast(),
    };
    let fitting: Vec<_> = disks.iter().filter(|(_, table)| fits(table)).collect();
    match fitting[..] {
        [] => Choice::NotYet,
        [(name, table)] => Choice::Found {
            name,
            quiet: match (table.state(), loader) {
                (None, _) => AS_FLASHED,
                (Some(_), None) => NO_WORD,
                // GUIDs of its own, drawn at its first boot.
                (Some(_), Some(_)) => Duration::ZERO,
            },
        },
        _ => Choice::Several(fitting.iter().map(|(name, _)| *name).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::{AS_FLASHED, Choice, NO_WORD, choose};
    use crate::disk::samples::table as disk;
    use disk::gpt::Uuid;
    use std::time::Duration;

    #[test]
    fn the_booted_disk_is_known_only_when_no_other_can_be_it() {
        let flashed = disk(1, &["boot", "CONFIG", "root-a"]);
        let twin = flashed.clone();
        let booted = disk(2, &["boot", "CONFIG", "root-a", "root-b", "state"]);
        let cut = disk(2, &["boot", "CONFIG", "root-a", "root-b", "state-new"]);
        let other = disk(3, &["data"]);
        let found = |name, quiet| Choice::Found { name, quiet };
        let (one, two) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));
        for (case, disks, loader, expected) in [
            ("none", vec![("sda", &other)], one, Choice::NotYet),
            (
                "as flashed: its twin may be on its way",
                vec![("sda", &flashed), ("sdb", &other)],
                one,
                found("sda", AS_FLASHED),
            ),
            (
                "as flashed, with its twin",
                vec![("sda", &flashed), ("sdb", &twin)],
                one,
                Choice::Several(vec!["sda", "sdb"]),
            ),
            (
                "booted before: its GUIDs are its own",
                vec![("sda", &flashed), ("sdb", &booted)],
                two,
                found("sdb", Duration::ZERO),
            ),
            (
                "power was lost at the first boot",
                vec![("sdb", &cut)],
                two,
                found("sdb", Duration::ZERO),
            ),
            (
                "no word, booted before",
                vec![("sda", &other), ("sdb", &booted)],
                None,
                found("sdb", NO_WORD),
            ),
            (
                "no word, as flashed",
                vec![("sda", &flashed)],
                None,
                found("sda", AS_FLASHED),
            ),
            (
                "no word, two of ours",
                vec![("sda", &flashed), ("sdb", &booted)],
                None,
                Choice::Several(vec!["sda", "sdb"]),
            ),
        ] {
            assert_eq!(choose(&disks, loader), expected, "{case}");
        }
    }
}
