//! The entries `.` and `..` of a new directory.
//!
//! `fatfs` 0.3 gives them long names, which the standard does not allow: `fsck.fat` takes such a
//! directory for damaged and some firmware does not enter it. The two short entries belong into
//! the first two slots.

use std::io::{self, Read, Seek, SeekFrom, Write};

use fatfs::Dir;

use super::shared::Shared;

/// Bytes of a directory slot.
const SLOT: usize = 32;
/// First byte of a slot that is free again.
const DELETED: u8 = 0xe5;
/// Attribute byte of a slot that holds a part of a long name.
const LONG_NAME: u8 = 0x0f;
const ATTRIBUTES: usize = 11;
/// The bytes of a slot that tell the first cluster.
const CLUSTER: [usize; 4] = [20, 21, 26, 27];

/// Moves the dot entries of the new, still empty `directory` to where they belong. The root
/// directory is cluster 0 to its children, which `fatfs` does not heed on FAT32 either.
pub(super) fn straighten<D: Read + Write + Seek>(
    directory: &Dir<'_, Shared<D>>,
    in_root: bool,
    disk: &Shared<D>,
) -> io::Result<()> {
    let mut disk = disk.clone();
    // Reading the first entry leaves the disk right behind its two slots.
    directory.iter().next().transpose()?;
    let behind = disk.stream_position()?;
    let unexpected = || io::Error::other("a new directory does not begin with its dot entries");
    let start = behind.checked_sub(2 * SLOT as u64).ok_or_else(unexpected)?;
    let mut slots = [0; 4 * SLOT];
    disk.seek(SeekFrom::Start(start))?;
    disk.read_exact(&mut slots)?;
    let (dot, dot_dot) = (&slots[SLOT..2 * SLOT], &slots[3 * SLOT..]);
    let long = [slots[ATTRIBUTES], slots[2 * SLOT + ATTRIBUTES]];
    if !dot.starts_with(b".          ")
        || !dot_dot.starts_with(b"..         ")
        || long != [LONG_NAME; 2]
    {
        return Err(unexpected());
    }
    let mut fixed = [0; 4 * SLOT];
    fixed[..SLOT].copy_from_slice(dot);
    fixed[SLOT..2 * SLOT].copy_from_slice(dot_dot);
    if in_root {
        for at in CLUSTER {
            fixed[SLOT + at] = 0;
        }
    }
    fixed[2 * SLOT] = DELETED;
    fixed[3 * SLOT] = DELETED;
    disk.seek(SeekFrom::Start(start))?;
    disk.write_all(&fixed)
}
