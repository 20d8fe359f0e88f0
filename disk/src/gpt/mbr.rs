//! The MBR in a disk's first 512 bytes, which keeps programs that know no GPT from taking the disk for empty.

use super::Table;
use crate::bytes::put;

/// Where its four entries begin; boot code may stand before.
pub(super) const ENTRIES: usize = 446;
/// Where the length of the first entry stands.
const LENGTH: usize = ENTRIES + 12;
/// The type of the entry that says that the disk has a GPT.
const PROTECTIVE: u8 = 0xee;
const SIGNATURE: [u8; 2] = [0x55, 0xaa];

/// One entry of type 0xee over the whole disk, three empty ones, the signature: what stands from [`ENTRIES`] on.
pub(super) fn protective(sectors: u64) -> [u8; 66] {
    let mut out = [0; 66];
    put(&mut out, 1, &[0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff]);
    put(&mut out, 8, &1_u32.to_le_bytes());
    put(&mut out, 12, &length(sectors));
    put(&mut out, 64, &SIGNATURE);
    out
}

/// The table's first partitions once more as entries of the MBR, for a reader that knows no GPT, and one of type 0xee over what is
/// before them: what stands from [`ENTRIES`] on. `kinds` are the types of the entries, in the order of the partitions; three at
/// most. A partition that an entry cannot hold ends the list.
pub(super) fn hybrid(table: &Table, kinds: &[u8]) -> [u8; 66] {
    let mut out = [0; 66];
    let mut slots = out[..64].chunks_exact_mut(16);
    let mut first = table.sectors;
    for (partition, kind) in table.partitions.iter().zip(kinds).take(3) {
        let sectors = partition.last_lba + 1 - partition.first_lba;
        let (Ok(start), Ok(sectors)) = (u32::try_from(partition.first_lba), u32::try_from(sectors))
        else {
            break;
        };
        first = first.min(partition.first_lba);
        if let Some(slot) = slots.next() {
            entry(slot, *kind, start, sectors);
        }
    }
    if let (Some(slot), Ok(sectors)) = (slots.next(), u32::try_from(first - 1)) {
        entry(slot, PROTECTIVE, 1, sectors);
    }
    put(&mut out, 64, &SIGNATURE);
    out
}

/// An entry without cylinders and heads, which nothing of this century reads.
fn entry(slot: &mut [u8], kind: u8, start: u32, sectors: u32) {
    put(slot, 1, &[0xfe, 0xff, 0xff, kind, 0xfe, 0xff, 0xff]);
    put(slot, 8, &start.to_le_bytes());
    put(slot, 12, &sectors.to_le_bytes());
}

/// The MBR with the right length in its only entry; none if nothing is to change. A hybrid one, which a Raspberry Pi's
/// firmware may need, is left as it is.
pub(super) fn fitted(mut mbr: [u8; 512], sectors: u64) -> Option<[u8; 512]> {
    let entries = &mbr[ENTRIES..510];
    let protective = entries[4] == 0xee
        && entries[8..12] == [1, 0, 0, 0]
        && entries[16..].iter().all(|byte| *byte == 0);
    let length = length(sectors);
    if !protective || mbr[510..] != SIGNATURE || mbr[LENGTH..LENGTH + 4] == length {
        return None;
    }
    put(&mut mbr, LENGTH, &length);
    Some(mbr)
}

/// All sectors but the first, as far as the field can say.
fn length(sectors: u64) -> [u8; 4] {
    u32::try_from(sectors - 1).unwrap_or(u32::MAX).to_le_bytes()
}
