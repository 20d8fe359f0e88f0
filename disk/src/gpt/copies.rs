//! Reading both copies of a table.

use super::decode::{Damage, decode};
use super::{Table, format};
use crate::{Geometry, Store};

/// What was found of the two copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copies {
    /// At the disk's beginning.
    pub primary: Result<Table, Damage>,
    /// Where the primary says; at the disk's end if that is damaged.
    pub backup: Result<Table, Damage>,
}

/// Neither copy is whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no usable partition table; at the start: {primary}; at the end: {backup}")]
pub struct ReadError {
    /// What is wrong with the copy at the start.
    pub primary: Damage,
    /// What is wrong with the copy at the end.
    pub backup: Damage,
}

/// Reads both copies from a disk.
pub fn read(store: &impl Store, geometry: Geometry) -> Copies {
    match decode(store, geometry, format::PRIMARY) {
        Ok((table, other)) => Copies {
            primary: Ok(table),
            backup: decode(store, geometry, other).map(|(table, _)| table),
        },
        Err(damage) => Copies {
            primary: Err(damage),
            backup: at_the_end(store, geometry),
        },
    }
}

/// The table that counts: the primary, or the backup if the primary is damaged. Only then is the backup read.
///
/// # Errors
/// Both are damaged.
pub fn current(store: &impl Store, geometry: Geometry) -> Result<Table, ReadError> {
    match decode(store, geometry, format::PRIMARY) {
        Ok((table, _)) => Ok(table),
        Err(primary) => at_the_end(store, geometry).map_err(|backup| ReadError { primary, backup }),
    }
}

fn at_the_end(store: &impl Store, geometry: Geometry) -> Result<Table, Damage> {
    decode(store, geometry, geometry.last()).map(|(table, _)| table)
}

impl Copies {
    /// The table that counts: the primary, or the backup if the primary is damaged.
    ///
    /// # Errors
    /// Both are damaged.
    pub fn current(self) -> Result<Table, ReadError> {
        match (self.primary, self.backup) {
            (Ok(table), _) | (Err(_), Ok(table)) => Ok(table),
            (Err(primary), Err(backup)) => Err(ReadError { primary, backup }),
        }
    }
}
