//! What is on a disk.

use crate::{Mark, Signature};
use disk::gpt::{self, Table};
use disk::{Geometry, Store};
use std::io;

/// What is on a disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Nothing that anybody knows.
    Empty,
    /// An installation that did not come to its end: nothing on the disk was ever started.
    Interrupted,
    /// Data, in the words of a person.
    Data(String),
    /// A finished installation: what it was ([`Mark::key`]), and the release.
    Installed {
        /// Which.
        key: String,
        /// The release, for people.
        release: String,
    },
    /// It cannot be found out.
    Unknown(String),
}

/// Tables that wipefs knows: what they say is read here.
const TABLES: [&str; 2] = ["gpt", "PMBR"];

/// Judges a disk by its signatures, its table and the mark.
///
/// # Errors
/// It cannot be read.
pub fn inspect(
    store: &impl Store,
    geometry: Geometry,
    signatures: &[Signature],
) -> io::Result<Content> {
    if signatures
        .iter()
        .any(|s| !TABLES.contains(&s.kind.as_str()))
    {
        return Ok(Content::Data(kinds(signatures)));
    }
    let data = || match signatures {
        [] => Content::Empty,
        some => Content::Data(kinds(some)),
    };
    let Some(mark) = Mark::read(store)? else {
        return Ok(data());
    };
    let copies = gpt::read(store, geometry);
    let ours = |table: &Table| table.disk_guid == mark.disk;
    Ok(match (copies.primary, copies.backup) {
        (Ok(primary), _) if ours(&primary) => Content::Installed {
            key: mark.key,
            release: mark.release,
        },
        (Ok(_), _) => data(),
        // The table's first copy is written last but one. A disk that was ever started has formatted state, which its backup says.
        (Err(_), Ok(backup)) if ours(&backup) && never_formatted(&backup) => Content::Interrupted,
        (Err(_), Ok(_)) => data(),
        (Err(_), Err(_)) if has_no_header(store, geometry)? => Content::Interrupted,
        (Err(_), Err(_)) => Content::Data("a damaged partition table".to_owned()),
    })
}

fn never_formatted(table: &Table) -> bool {
    table.state().is_some_and(|state| state.is_new)
}

/// Whether nothing was ever written where the first copy of the table begins.
fn has_no_header(store: &impl Store, geometry: Geometry) -> io::Result<bool> {
    let mut header = vec![0; 512];
    store.read_at(geometry.sector.bytes(), &mut header)?;
    Ok(header.iter().all(|byte| *byte == 0))
}

/// Each kind once, in the order in which they were found.
fn kinds(signatures: &[Signature]) -> String {
    let mut kinds: Vec<&str> = Vec::new();
    for signature in signatures {
        // The table's protection says nothing that the table does not.
        let kind = signature.kind.as_str();
        let alone = kind != "PMBR" || signatures.iter().all(|s| s.kind != "gpt");
        if alone && !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds.join(", ")
}
