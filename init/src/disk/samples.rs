//! Tables for tests.

use disk::Sector;
use disk::gpt::{Partition, Table, Uuid};

/// A table with partitions of these names; it and they have the GUID of this number.
pub(crate) fn table(guid: u128, names: &[&str]) -> Table {
    let guid = Uuid::from_u128(guid);
    let partition = |(number, name): (u32, &&str)| Partition {
        number,
        name: (*name).into(),
        type_guid: Uuid::from_u128(1),
        guid,
        first_lba: u64::from(number) * 2048,
        last_lba: u64::from(number) * 2048 + 2047,
        attributes: 0,
    };
    Table {
        sector: Sector::Bytes512,
        disk_guid: guid,
        sectors: 1_000_001,
        first_usable: 34,
        entries: 128,
        partitions: (1..).zip(names).map(partition).collect(),
    }
}
