//! The MBR in a disk's first 512 bytes, which keeps programs that know no GPT from taking the disk for empty.

use crate::bytes::put;

/// Where its four entries begin; boot code may stand before.
pub(super) const ENTRIES: usize = 446;
/// Where the length of the first entry stands.
const LENGTH: usize = ENTRIES + 12;
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
