//! Which of the disks was booted.

use super::{Guid, Table};

/// The decision over the disks that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice<'a> {
    /// This one.
    Found(&'a str),
    /// None yet.
    NotYet,
    /// More than one could be it.
    Several(Vec<&'a str>),
}

/// Chooses among `(name, table)`. With `loader`, the GUID of the partition that the boot loader came from, the disk that
/// holds that partition; without it, the only disk with our partitions.
pub fn choose<'a>(disks: &'a [(String, Table)], loader: Option<Guid>) -> Choice<'a> {
    let fits = |table: &Table| match loader {
        Some(guid) => table
            .partitions()
            .any(|(_, e)| Guid(e.unique_partition_guid) == guid),
        None => table.is_ours(),
    };
    let names: Vec<_> = disks
        .iter()
        .filter(|(_, t)| fits(t))
        .map(|(name, _)| name.as_str())
        .collect();
    match names[..] {
        [] => Choice::NotYet,
        [name] => Choice::Found(name),
        _ => Choice::Several(names),
    }
}
