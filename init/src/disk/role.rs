//! What the partitions of a disk are for, by their names.

use super::Table;
use gptman::GPTPartitionEntry;

/// What a partition is for. Its GPT name says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The ESP.
    Boot,
    /// `config.yaml`.
    Config,
    /// Slot A.
    RootA,
    /// Slot B.
    RootB,
    /// What lasts.
    State,
    /// To become [`Role::State`]: created, and formatting it has not been seen to end.
    StateNew,
}

/// The partition that holds state, or shall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatePartition {
    /// Its number.
    pub number: u32,
    /// Nobody has seen its formatting end.
    pub is_new: bool,
}

impl Role {
    const NAMES: [(Self, &'static str); 6] = [
        (Self::Boot, "boot"),
        (Self::Config, "CONFIG"),
        (Self::RootA, "root-a"),
        (Self::RootB, "root-b"),
        (Self::State, "state"),
        (Self::StateNew, "state-new"),
    ];

    /// The role's GPT name.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(role, _)| *role == self)
            .map_or("", |(_, name)| name)
    }
}

impl Table {
    /// The partition with this role, as number and entry.
    pub fn role(&self, role: Role) -> Option<(u32, &GPTPartitionEntry)> {
        self.partitions()
            .find(|(_, entry)| entry.partition_name.as_str() == role.name())
    }

    /// The partition that holds state, or shall. One that somebody added beside it under the other name is not looked at:
    /// what `state` holds is never formatted.
    pub fn state(&self) -> Option<StatePartition> {
        let found = |role, is_new| {
            let (number, _) = self.role(role)?;
            Some(StatePartition { number, is_new })
        };
        found(Role::State, false).or_else(|| found(Role::StateNew, true))
    }

    /// Whether this is a Holdfast disk.
    pub fn is_ours(&self) -> bool {
        let names: Vec<_> = self
            .partitions()
            .map(|(_, e)| e.partition_name.as_str())
            .collect();
        are_ours(&names)
    }
}

/// Whether partitions with these names make a Holdfast disk. CONFIG may be missing: someone may have removed it, and that
/// is told later.
pub fn are_ours<S: AsRef<str>>(names: &[S]) -> bool {
    [Role::Boot, Role::RootA]
        .iter()
        .all(|role| names.iter().any(|name| name.as_ref() == role.name()))
}

#[cfg(test)]
mod tests {
    use super::{StatePartition, are_ours};
    use crate::disk::{format_done, samples};

    #[test]
    fn our_disks_have_boot_and_a_root() {
        for (names, expected) in [
            (vec!["boot", "CONFIG", "root-a"], true),
            (vec!["root-a", "boot"], true),
            (vec!["boot", "root-b", "state"], false),
            (vec![], false),
        ] {
            assert_eq!(are_ours(&names), expected, "{names:?}");
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
            let table = samples::table(1, &names);
            assert_eq!(table.state(), expected, "{names:?}");
            let is_new = expected.is_some_and(|state| state.is_new);
            assert_eq!(format_done(&table).is_some(), is_new, "{names:?}");
        }
    }
}
