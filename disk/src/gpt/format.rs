//! Layout of the on-disk structures (UEFI 2.10, section 5.3): positions and sizes, nothing else.

/// The sector of the header at the disk's beginning.
pub(super) const PRIMARY: u64 = 1;
/// First eight bytes of a header.
pub(super) const MAGIC: &[u8; 8] = b"EFI PART";
/// The only revision there is.
pub(super) const REVISION: u32 = 0x0001_0000;
/// Bytes of a header that its checksum covers.
pub(super) const HEADER_SIZE: u32 = 92;
/// Bytes of one entry.
pub(super) const ENTRY_SIZE: u32 = 128;
/// Entries of a table that we make; also the least that the standard allows.
pub(super) const ENTRIES: u32 = 128;
/// More entries than this no tool makes; a header that claims them is damaged.
pub(super) const MAX_ENTRIES: u32 = 1024;
/// UTF-16 units in a name.
pub(super) const NAME_UNITS: usize = 36;

/// Positions inside a header.
pub(super) mod header {
    pub(in super::super) const REVISION: usize = 8;
    pub(in super::super) const SIZE: usize = 12;
    pub(in super::super) const CRC: usize = 16;
    pub(in super::super) const MY_LBA: usize = 24;
    pub(in super::super) const OTHER_LBA: usize = 32;
    pub(in super::super) const FIRST_USABLE: usize = 40;
    pub(in super::super) const LAST_USABLE: usize = 48;
    pub(in super::super) const DISK_GUID: usize = 56;
    pub(in super::super) const ENTRIES_LBA: usize = 72;
    pub(in super::super) const ENTRY_COUNT: usize = 80;
    pub(in super::super) const ENTRY_SIZE: usize = 84;
    pub(in super::super) const ENTRIES_CRC: usize = 88;
}

/// Positions inside an entry.
pub(super) mod entry {
    pub(in super::super) const TYPE: usize = 0;
    pub(in super::super) const GUID: usize = 16;
    pub(in super::super) const FIRST: usize = 32;
    pub(in super::super) const LAST: usize = 40;
    pub(in super::super) const ATTRIBUTES: usize = 48;
    pub(in super::super) const NAME: usize = 56;
}
