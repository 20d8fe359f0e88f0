//! Little-endian fields of on-disk structures, at positions that were checked before.

/// A 16-bit field.
pub(crate) fn u16_at(data: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([data[at], data[at + 1]])
}

/// A 32-bit field.
pub(crate) fn u32_at(data: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|byte| data[at + byte]))
}

/// Writes `bytes` at `at`.
pub(crate) fn put(data: &mut [u8], at: usize, bytes: &[u8]) {
    data[at..at + bytes.len()].copy_from_slice(bytes);
}
