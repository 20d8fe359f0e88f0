//! What shall be done with a damaged state partition, and whether that was begun: kept in the partition table, for there it can
//! still be read when no file system can.
//!
//! GPT leaves bits 48 to 63 of a partition's attributes to its type; for plain Linux data nobody uses the lower ones.

use super::partitions::{PartitionRole, STATE_UNFORMATTED};
use crate::gpt::{Partition, Table};

/// Bits 48 and 49: [`WhenDamaged`].
const CHOICE: u32 = 48;
/// Where it stands for a partition that is encrypted: bits 55 and 56. The others say 3 there, which a release that knows no encryption
/// takes for [`WhenDamaged::Stop`]: it would repair what it takes for a damaged file system, and destroy it.
const CHOICE_OF_ENCRYPTED: u32 = 55;
const MASK: u64 = 0b11;
/// Bit 50: a repair, or making it new, was begun and its end was not noted.
const BEGUN: u64 = 1 << 50;

/// What is done when the state partition's file system has damage that cannot be repaired without the risk of losing data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenDamaged {
    /// Repaired all the same.
    #[default]
    Repair,
    /// Left as it is: a person decides.
    Stop,
    /// Made new, and empty.
    Renew,
}

impl WhenDamaged {
    const fn bits(self) -> u64 {
        match self {
            Self::Repair => 0,
            Self::Stop => 1,
            Self::Renew => 2,
        }
    }

    /// What a newer release may have written and this one does not know touches nothing.
    const fn of(bits: u64) -> Self {
        match bits {
            0 => Self::Repair,
            2 => Self::Renew,
            _ => Self::Stop,
        }
    }
}

impl Table {
    /// What shall be done with a damaged state partition.
    pub fn when_damaged(&self) -> WhenDamaged {
        let place = match self.is_encrypted() {
            true => CHOICE_OF_ENCRYPTED,
            false => CHOICE,
        };
        WhenDamaged::of((self.state_attributes() >> place) & MASK)
    }

    /// The table with another choice; none if it says so already, or has no state partition.
    pub fn with_when_damaged(&self, choice: WhenDamaged) -> Option<Self> {
        let encrypted = self.is_encrypted();
        self.with_state_attributes(|bits| with_choice(bits, choice, encrypted))
    }

    /// Whether a repair of the state partition was begun and its end not noted.
    pub fn repair_begun(&self) -> bool {
        self.state_attributes() & BEGUN != 0
    }

    /// The table that says so, or no longer; none if it does already, or has no state partition.
    pub fn with_repair_begun(&self, begun: bool) -> Option<Self> {
        self.with_state_attributes(|bits| if begun { bits | BEGUN } else { bits & !BEGUN })
    }

    fn state_entry(&self) -> Option<&Partition> {
        self.role(PartitionRole::State)
            .or_else(|| self.find(STATE_UNFORMATTED))
    }

    pub(super) fn state_attributes(&self) -> u64 {
        self.state_entry().map_or(0, |state| state.attributes)
    }

    pub(super) fn with_state_attributes(&self, change: impl FnOnce(u64) -> u64) -> Option<Self> {
        self.with_state_entry(|entry| entry.attributes = change(entry.attributes))
    }

    /// The table with another entry for the state partition; none if nothing is changed, or there is no such partition.
    pub(super) fn with_state_entry(&self, change: impl FnOnce(&mut Partition)) -> Option<Self> {
        let number = self.state_entry()?.number;
        let mut table = self.clone();
        change(table.partitions.iter_mut().find(|p| p.number == number)?);
        (table != *self).then_some(table)
    }
}

/// The attributes with a choice, for a partition that is encrypted or not.
pub(super) const fn with_choice(bits: u64, choice: WhenDamaged, encrypted: bool) -> u64 {
    let (plain, other) = match encrypted {
        true => (MASK, choice.bits()),
        false => (choice.bits(), 0),
    };
    let cleared = bits & !(MASK << CHOICE) & !(MASK << CHOICE_OF_ENCRYPTED);
    cleared | (plain << CHOICE) | (other << CHOICE_OF_ENCRYPTED)
}

#[cfg(test)]
mod tests {
    use super::WhenDamaged;
    use crate::gpt::{Table, current, write};
    use crate::layout::plan;
    use crate::layout::small_table::small_table;
    use crate::{Geometry, Sector};

    const SIZE: u64 = 64 << 20;

    fn table(names: &[&str]) -> Table {
        small_table(names, 1, Some(SIZE))
    }

    #[test]
    fn every_choice_is_on_the_disk_and_leaves_all_else_alone() {
        let geometry = Geometry::new(Sector::Bytes512, SIZE);
        let mut disk = vec![0; usize::try_from(SIZE).expect("small")];
        let mut now = table(&["boot", "state"]);
        for (choice, begun) in [
            (WhenDamaged::Stop, false),
            (WhenDamaged::Renew, true),
            (WhenDamaged::Repair, true),
            (WhenDamaged::Stop, false),
        ] {
            now = now.with_when_damaged(choice).expect("a change");
            assert_eq!(now.with_when_damaged(choice), None, "no second write");
            now = now.with_repair_begun(begun).unwrap_or(now);
            write(&mut disk, &now).expect("written");
            let read = current(&disk, geometry).expect("a table");
            assert_eq!((read.when_damaged(), read.repair_begun()), (choice, begun));
            assert_eq!(read.partitions[0].attributes, 1);
            assert_eq!(read.partitions[1].attributes & 0xffff, 1);
        }
    }

    #[test]
    fn no_choice_is_a_repair_and_an_unknown_one_touches_nothing() {
        let mut table = table(&["boot", "state-new"]);
        assert_eq!(table.when_damaged(), WhenDamaged::Repair);
        table.partitions[1].attributes = 3 << 48;
        assert_eq!(table.when_damaged(), WhenDamaged::Stop);
        let none = super::tests::table(&["boot"]);
        assert_eq!(none.with_when_damaged(WhenDamaged::Stop), None);
    }

    #[test]
    fn it_stays_when_the_disk_grows() {
        let table = table(&["boot", "root-a", "root-b", "state"]);
        let table = table.with_when_damaged(WhenDamaged::Renew).expect("new");
        let plan = plan(&table, 8 << 21, || [7; 16]).expect("a plan");
        assert!(!plan.changes.is_empty());
        assert_eq!(plan.table.when_damaged(), WhenDamaged::Renew);
    }
}
