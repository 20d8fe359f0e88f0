//! Memory that `O_DIRECT` can use.

use crate::PIECE;

/// What any disk's sectors and the kernel's pages are aligned to.
const ALIGNMENT: usize = 4096;

/// Room for one piece at an aligned address, and how much of it is filled.
#[derive(Debug)]
pub(crate) struct Buffer {
    room: Vec<u8>,
    start: usize,
    filled: usize,
}

impl Buffer {
    pub(crate) fn new() -> Self {
        let room = vec![0; PIECE + ALIGNMENT];
        let start = room.as_ptr().align_offset(ALIGNMENT);
        Self {
            room,
            start,
            filled: 0,
        }
    }

    /// All of the room, to be filled from its beginning.
    pub(crate) fn whole(&mut self) -> &mut [u8] {
        &mut self.room[self.start..self.start + PIECE]
    }

    /// Says how much of it counts.
    pub(crate) fn fill(&mut self, filled: usize) {
        self.filled = filled.min(PIECE);
    }

    /// What counts.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.room[self.start..self.start + self.filled]
    }

    /// What counts.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.room[self.start..self.start + self.filled]
    }
}

#[cfg(test)]
mod tests {
    use super::{ALIGNMENT, Buffer};
    use crate::PIECE;

    #[test]
    fn the_room_is_aligned_and_whole() {
        let mut buffer = Buffer::new();
        assert_eq!(buffer.whole().len(), PIECE);
        assert_eq!(buffer.whole().as_ptr().align_offset(ALIGNMENT), 0);
        buffer.whole()[1] = 7;
        buffer.fill(2);
        assert_eq!(buffer.bytes(), [0, 7]);
    }
}
