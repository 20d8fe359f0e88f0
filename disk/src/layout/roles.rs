//! The partitions of a table by what they are for.

use super::partitions::{PartitionRole, STATE_UNFORMATTED};
use crate::gpt::{Partition, Table};

/// The partition that holds state, or shall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatePartition {
    /// Its number.
    pub number: u32,
    /// Nobody has seen its formatting end.
    pub is_new: bool,
}

impl Table {
    /// The partition with this role.
    pub fn role(&self, role: PartitionRole) -> Option<&Partition> {
        self.find(role.name())
    }

    /// The partition that holds state, or shall. One that somebody added beside it under the other name is not looked at:
    /// what `state` holds is never formatted.
    pub fn state(&self) -> Option<StatePartition> {
        let found = |name, is_new| {
            let number = self.find(name)?.number;
            Some(StatePartition { number, is_new })
        };
        found(PartitionRole::State.name(), false).or_else(|| found(STATE_UNFORMATTED, true))
    }

    /// Whether this is a Holdfast disk.
    pub fn is_holdfast(&self) -> bool {
        let names: Vec<_> = self.partitions.iter().map(|p| &p.name).collect();
        is_holdfast(&names)
    }
}

/// Whether partitions with these names make a Holdfast disk. CONFIG may be missing: someone may have removed it, and that
/// is told later.
pub fn is_holdfast<S: AsRef<str>>(names: &[S]) -> bool {
    [PartitionRole::Boot, PartitionRole::RootA]
        .iter()
        .all(|role| names.iter().any(|name| name.as_ref() == role.name()))
}

#[cfg(test)]
mod tests {
    use super::{StatePartition, is_holdfast};
    use crate::gpt::Table;
    use crate::layout::format_done;
    use crate::layout::small_table::small_table;

    fn table(names: &[&str]) -> Table {
        small_table(names, 0, None)
    }

    #[test]
    fn our_disks_have_boot_and_a_root() {
        for (names, expected) in [
            (vec!["boot", "CONFIG", "root-a"], true),
            (vec!["root-a", "boot"], true),
            (vec!["boot", "root-b", "state"], false),
            (vec![], false),
        ] {
            assert_eq!(is_holdfast(&names), expected, "{names:?}");
            assert_eq!(table(&names).is_holdfast(), expected, "{names:?}");
        }
    }

    #[test]
    fn what_state_holds_is_never_formatted() {
        let state = |number, is_new| Some(StatePartition { number, is_new });
        for (names, expected) in [
            (vec!["boot"], None),
            (vec!["boot", "state-new"], state(2, true)),
            (vec!["boot", "state"], state(2, false)),
            (vec!["state", "state-new"], state(1, false)),
            (vec!["state-new", "state"], state(2, false)),
        ] {
            let table = table(&names);
            assert_eq!(table.state(), expected, "{names:?}");
            let is_new = expected.is_some_and(|state| state.is_new);
            assert_eq!(format_done(&table).is_some(), is_new, "{names:?}");
        }
    }
}
