//! A table for tests.

use crate::Sector;
use crate::gpt::{NewPartition, Table, derive_guid, types};

/// Partitions of these names, a megabyte each.
pub(super) fn small_table(names: &[&str], attributes: u64, size: Option<u64>) -> Table {
    let part = |name: &&str| NewPartition {
        name: (*name).into(),
        type_guid: types::LINUX_DATA,
        guid: derive_guid(b"test", name),
        size: 1 << 20,
        attributes,
    };
    let parts: Vec<_> = names.iter().map(part).collect();
    let guid = derive_guid(b"", "");
    Table::plan(Sector::Bytes512, guid, &parts, size).expect("a small table")
}
