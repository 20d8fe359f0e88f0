//! The image piece by piece, made ready by a thread of its own while the piece before is written.

use crate::PIECE;
use crate::aligned::Buffer;
use crate::image::{ImageError, Patch};
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

/// One is written, one waits, one is filled.
const BUFFERS: usize = 3;

/// A piece of the image, as it goes onto the disk.
pub(crate) struct Piece {
    pub(crate) offset: u64,
    pub(crate) buffer: Buffer,
}

/// The pieces, in order.
pub(crate) struct Feed<'scope> {
    pieces: Receiver<Piece>,
    empty: Sender<Buffer>,
    thread: ScopedJoinHandle<'scope, Result<(), ImageError>>,
}

impl<'scope> Feed<'scope> {
    /// Begins to read `stream`, which has to have `size` bytes, with `patch` laid over it.
    pub(crate) fn begin<'env>(
        scope: &'scope Scope<'scope, 'env>,
        stream: Box<dyn Read + Send + 'env>,
        size: u64,
        patch: Option<&'env Patch>,
    ) -> Self {
        let (full, pieces) = sync_channel(BUFFERS);
        let (empty, free) = channel();
        // One more than are on their way: the first piece is kept until the end.
        for _ in 0..=BUFFERS {
            let _ = empty.send(Buffer::new());
        }
        let thread = scope.spawn(move || fill(stream, size, patch, &free, &full));
        Self {
            pieces,
            empty,
            thread,
        }
    }

    /// The next piece; none at the end, and where the image turned out to be wrong, which [`Feed::end`] tells.
    pub(crate) fn next(&self) -> Option<Piece> {
        self.pieces.recv().ok()
    }

    /// Gives a buffer back.
    pub(crate) fn give_back(&self, buffer: Buffer) {
        let _ = self.empty.send(buffer);
    }

    /// Stops it, if it has not come to its end.
    ///
    /// # Errors
    /// What was wrong with the image.
    pub(crate) fn end(self) -> Result<(), ImageError> {
        drop((self.pieces, self.empty));
        self.thread
            .join()
            .unwrap_or_else(|_| Err(ImageError::Read(io::ErrorKind::Other.into())))
    }
}

fn fill(
    mut stream: Box<dyn Read + Send + '_>,
    size: u64,
    patch: Option<&Patch>,
    free: &Receiver<Buffer>,
    full: &SyncSender<Piece>,
) -> Result<(), ImageError> {
    let mut offset = 0;
    while offset < size {
        // Nobody takes pieces any more: writing was stopped.
        let Ok(mut buffer) = free.recv() else {
            return Ok(());
        };
        let wanted = PIECE.min(usize::try_from(size - offset).unwrap_or(PIECE));
        let filled = read_full(&mut *stream, &mut buffer.whole()[..wanted])?;
        if filled < wanted {
            return Err(ImageError::Short {
                found: offset + filled as u64,
                expected: size,
            });
        }
        buffer.fill(filled);
        if let Some(patch) = patch {
            patch.lay_over(offset, buffer.bytes_mut());
        }
        let piece = Piece { offset, buffer };
        offset += filled as u64;
        if full.send(piece).is_err() {
            return Ok(());
        }
    }
    // The end of a packed image has its checksum: it must be read to be compared.
    match read_full(&mut *stream, &mut [0; 1])? {
        0 => Ok(()),
        _ => Err(ImageError::Long { expected: size }),
    }
}

fn read_full(stream: &mut dyn Read, buffer: &mut [u8]) -> Result<usize, ImageError> {
    let mut filled = 0;
    while filled < buffer.len() {
        match stream.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(ImageError::Read(error)),
        }
    }
    Ok(filled)
}
