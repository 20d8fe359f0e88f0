//! The firmware's boot menu as variables: an entry for a disk, and that the next start takes it (UEFI 2.10, sections 3.1.3, 3.3
//! and 10.3). Pure: what is there in, what is to be written out.

use disk::gpt::Partition;
use std::collections::BTreeSet;

/// The firmware's own variables: `EFI_GLOBAL_VARIABLE`.
pub(crate) const VENDOR: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";
/// The variable that one start takes, which the firmware removes when it has read it.
pub(crate) const NEXT: &str = "BootNext";
const ORDER: &str = "BootOrder";
/// What the firmware's menu shows.
const TITLE: &str = "Holdfast";
/// `LOAD_OPTION_ACTIVE`.
const ACTIVE: u32 = 1;
/// A node of a device path: media.
const MEDIA: u8 = 4;
const HARD_DRIVE: u8 = 1;
const FILE_PATH: u8 = 4;
/// The end of the whole path.
const END: [u8; 4] = [0x7f, 0xff, 4, 0];
/// The partition is one of a GPT, and its signature is its GUID.
const GPT: [u8; 2] = [2, 2];

/// A variable without its attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    /// Its name, without the vendor.
    pub(crate) name: String,
    /// Its content.
    pub(crate) content: Vec<u8>,
}

/// The firmware has 65,536 entries already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the firmware's boot menu is full")]
pub(crate) struct Full;

/// What the firmware starts: `loader` on this boot partition, `EFI/BOOT/BOOTX64.EFI`. An `EFI_LOAD_OPTION`.
pub(crate) fn entry(partition: &Partition, loader: &str) -> Vec<u8> {
    let loader = format!("\\{}", loader.replace('/', "\\"));
    let mut drive = partition.number.to_le_bytes().to_vec();
    drive.extend(partition.first_lba.to_le_bytes());
    drive.extend((partition.last_lba + 1 - partition.first_lba).to_le_bytes());
    drive.extend(partition.guid.to_bytes_le());
    drive.extend(GPT);
    let mut path = node(HARD_DRIVE, &drive);
    path.extend(node(FILE_PATH, &text(&loader)));
    path.extend(END);
    let mut option = ACTIVE.to_le_bytes().to_vec();
    option.extend(short(path.len()));
    option.extend(text(TITLE));
    option.extend(path);
    option
}

/// What is to be written so that the next start takes `entry`, in this order. The order of the menu stays as it is; a new entry is its
/// last, for firmware that starts no disk without one.
///
/// # Errors
/// [`Full`].
pub(crate) fn plan(found: &[Variable], entry: &[u8]) -> Result<Vec<Variable>, Full> {
    let entries = || {
        let number = |variable: &Variable| numbered(&variable.name);
        found.iter().filter_map(move |v| Some((number(v)?, v)))
    };
    let same = entries().find(|(_, v)| v.content == entry);
    // One of an installation before, whose partition is no more.
    let ours = || entries().find(|(_, v)| is_ours(&v.content));
    let taken: BTreeSet<u16> = entries().map(|(number, _)| number).collect();
    let free = || (0..=u16::MAX).find(|number| !taken.contains(number));
    let (number, is_there) = match (same, ours()) {
        (Some((number, _)), _) => (number, true),
        (None, Some((number, _))) => (number, false),
        (None, None) => (free().ok_or(Full)?, false),
    };
    let mut writes = Vec::new();
    if !is_there {
        writes.push(Variable {
            name: format!("Boot{number:04X}"),
            content: entry.to_vec(),
        });
    }
    let order = found.iter().find(|variable| variable.name == ORDER);
    let order = order.map(|v| v.content.as_slice()).unwrap_or_default();
    let number = number.to_le_bytes();
    if !order.chunks_exact(2).any(|listed| listed == number) {
        writes.push(Variable {
            name: ORDER.into(),
            content: [order, &number].concat(),
        });
    }
    writes.push(Variable {
        name: NEXT.into(),
        content: number.to_vec(),
    });
    Ok(writes)
}

/// `Boot001F`, as the specification writes it.
fn numbered(name: &str) -> Option<u16> {
    let digits = name.strip_prefix("Boot").filter(|rest| rest.len() == 4)?;
    u16::from_str_radix(digits, 16).ok()
}

/// Whether an entry has our title.
fn is_ours(option: &[u8]) -> bool {
    option
        .get(6..)
        .is_some_and(|rest| rest.starts_with(&text(TITLE)))
}

fn node(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut node = vec![MEDIA, kind];
    node.extend(short(content.len() + 4));
    node.extend(content);
    node
}

/// Lengths here are those of names that are in this file, and of a boot loader's path.
fn short(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes()
}

fn text(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().chain([0]);
    units.flat_map(u16::to_le_bytes).collect()
}

#[cfg(test)]
mod tests;
