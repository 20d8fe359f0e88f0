//! Tables for tests.

use super::{Guid, Table};
use gptman::GPTPartitionEntry;

/// A table with partitions of these names; it and they have the GUID of this byte.
pub(crate) fn table(guid: u8, names: &[&str]) -> Table {
    let entry = |(start, name): (u64, &&str)| GPTPartitionEntry {
        partition_type_guid: [1; 16],
        unique_partition_guid: [guid; 16],
        starting_lba: start * 2048,
        ending_lba: start * 2048 + 2047,
        attribute_bits: 0,
        partition_name: (*name).into(),
    };
    Table {
        sector: 512,
        disk: Guid([guid; 16]),
        first_usable: 34,
        last: 1_000_000,
        entries: (1..).zip(names).map(entry).collect(),
    }
}
