//! Whether the state partition shall be encrypted, and whether it is: kept in the partition table beside [`super::when_damaged`]'s
//! choice, for it has to be known before anything on state can be read.

use super::when_damaged::with_choice;
use crate::gpt::Table;

/// Bit 53: when the partition is formatted, it is encrypted.
const WANTED: u64 = 1 << 53;
/// Bit 54: it was encrypted when it was formatted. So a header that is gone is no reason to take what is there for a damaged file
/// system.
const DONE: u64 = 1 << 54;

impl Table {
    /// Whether the state partition is encrypted when it is formatted.
    pub fn encryption_wanted(&self) -> bool {
        self.state_attributes() & WANTED != 0
    }

    /// The table that says so, or no longer; none if it does already, or has no state partition.
    pub fn with_encryption_wanted(&self, wanted: bool) -> Option<Self> {
        self.with_state_attributes(|bits| set(bits, WANTED, wanted))
    }

    /// Whether the state partition is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.state_attributes() & DONE != 0
    }

    /// The table that says so, or no longer; none if it does already, or has no state partition.
    pub fn with_encrypted(&self, encrypted: bool) -> Option<Self> {
        let choice = self.when_damaged();
        self.with_state_attributes(|bits| {
            with_choice(set(bits, DONE, encrypted), choice, encrypted)
        })
    }
}

const fn set(bits: u64, bit: u64, on: bool) -> u64 {
    if on { bits | bit } else { bits & !bit }
}

#[cfg(test)]
mod tests {
    use crate::layout::small_table::small_table;
    use crate::layout::{Reset, WhenDamaged, format_done};

    const SIZE: u64 = 64 << 20;

    #[test]
    fn what_is_wanted_and_what_is_stand_beside_all_else() {
        let table = small_table(&["boot", "state"], 1, Some(SIZE));
        assert!(!table.encryption_wanted() && !table.is_encrypted());
        let table = table
            .with_when_damaged(WhenDamaged::Stop)
            .expect("a change");
        let table = table.with_encryption_wanted(true).expect("a change");
        assert_eq!(table.with_encryption_wanted(true), None, "no second write");
        assert!(table.encryption_wanted() && !table.is_encrypted());
        let table = table.with_reset(Reset::WipeSecrets).expect("a reset");
        assert!(table.encryption_wanted(), "a reset does not forget it");
        let table = format_done(&table).expect("formatted");
        let table = table.with_encrypted(true).expect("a change");
        assert!(table.encryption_wanted() && table.is_encrypted());
        assert_eq!(table.when_damaged(), WhenDamaged::Stop);
        for choice in [WhenDamaged::Renew, WhenDamaged::Repair, WhenDamaged::Stop] {
            let table = table.with_when_damaged(choice).unwrap_or(table.clone());
            assert_eq!(table.when_damaged(), choice);
            let as_before = (table.state_attributes() >> 48) & 0b11;
            assert_eq!(as_before, 3, "a release that knows no encryption stops");
            let clear = table.with_encrypted(false).expect("a change");
            assert_eq!(clear.when_damaged(), choice);
            assert!(!clear.is_encrypted());
        }
        let table = table.with_encryption_wanted(false).expect("a change");
        assert!(table.is_encrypted(), "it is until it is made new");
        let none = small_table(&["boot"], 1, Some(SIZE));
        assert_eq!(none.with_encrypted(true), None);
        assert!(!none.is_encrypted());
    }
}
