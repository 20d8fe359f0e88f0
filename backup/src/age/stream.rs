//! The content: chunks of 64 KiB, each with its number and whether it is the last one in its nonce.

use super::keys::refused;
use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use std::io::{self, Read, Write};

const CHUNK: usize = 64 * 1024;
const TAG: usize = 16;
/// What a reader says of a file whose end is missing.
pub(crate) const CUT_OFF: &str = "the backup is cut off: its end is missing";
const DAMAGED: &str = "the backup is damaged, or was changed";

struct Chunks {
    key: LessSafeKey,
    number: u64,
}

impl Chunks {
    fn new(key: [u8; 32]) -> io::Result<Self> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key).map_err(|_| refused("no key"))?;
        Ok(Self {
            key: LessSafeKey::new(key),
            number: 0,
        })
    }

    /// A number of eleven bytes, and one for the last.
    fn nonce(&self, last: bool) -> Nonce {
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&self.number.to_be_bytes());
        nonce[11] = u8::from(last);
        Nonce::assume_unique_for_key(nonce)
    }
}

/// Encrypts what is written to it.
pub struct Writer<W: Write> {
    chunks: Chunks,
    waiting: Vec<u8>,
    to: W,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(key: [u8; 32], to: W) -> io::Result<Self> {
        Ok(Self {
            chunks: Chunks::new(key)?,
            waiting: Vec::with_capacity(CHUNK + TAG),
            to,
        })
    }

    /// Writes the last chunk; without it every reader says that the file is cut off.
    ///
    /// # Errors
    /// What writing fails with.
    pub fn finish(mut self) -> io::Result<W> {
        self.put(true)?;
        self.to.flush()?;
        Ok(self.to)
    }

    fn put(&mut self, last: bool) -> io::Result<()> {
        let nonce = self.chunks.nonce(last);
        self.chunks
            .key
            .seal_in_place_append_tag(nonce, Aad::empty(), &mut self.waiting)
            .map_err(|_| refused("a chunk cannot be encrypted"))?;
        self.to.write_all(&self.waiting)?;
        self.waiting.clear();
        self.chunks.number += 1;
        Ok(())
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits: it may be the last one.
        if self.waiting.len() == CHUNK && !bytes.is_empty() {
            self.put(false)?;
        }
        let taken = bytes.len().min(CHUNK - self.waiting.len());
        self.waiting.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Decrypts what it reads.
pub struct Reader<R: Read> {
    chunks: Chunks,
    from: R,
    /// The encrypted chunk that comes next.
    next: Vec<u8>,
    plain: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(key: [u8; 32], from: R) -> io::Result<Self> {
        let mut reader = Self {
            chunks: Chunks::new(key)?,
            from,
            next: Vec::new(),
            plain: Vec::new(),
            at: 0,
            ended: false,
        };
        reader.next = reader.chunk()?;
        Ok(reader)
    }

    fn chunk(&mut self) -> io::Result<Vec<u8>> {
        let mut chunk = Vec::with_capacity(CHUNK + TAG);
        let most = (CHUNK + TAG) as u64;
        self.from.by_ref().take(most).read_to_end(&mut chunk)?;
        Ok(chunk)
    }

    fn advance(&mut self) -> io::Result<()> {
        let following = self.chunk()?;
        let mut chunk = std::mem::replace(&mut self.next, following);
        let last = self.next.is_empty();
        let first = self.chunks.number == 0;
        if chunk.len() < TAG || (last && !first && chunk.len() == TAG) {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, CUT_OFF));
        }
        let nonce = self.chunks.nonce(last);
        // Of a file that was cut off between two chunks, the last is none.
        let mut copy = if last { chunk.clone() } else { Vec::new() };
        let opened = self
            .chunks
            .key
            .open_in_place(nonce, Aad::empty(), &mut chunk);
        let Ok(plain) = opened else {
            let nonce = self.chunks.nonce(false);
            let is_cut = last
                && (copy.len() < CHUNK + TAG
                    || self
                        .chunks
                        .key
                        .open_in_place(nonce, Aad::empty(), &mut copy)
                        .is_ok());
            return Err(if is_cut {
                io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    format!("{CUT_OFF}, or it is damaged"),
                )
            } else {
                io::Error::new(io::ErrorKind::InvalidData, DAMAGED)
            });
        };
        self.plain = plain.to_vec();
        self.at = 0;
        self.chunks.number += 1;
        self.ended = last;
        Ok(())
    }
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        while self.at == self.plain.len() {
            if self.ended || to.is_empty() {
                return Ok(0);
            }
            self.advance()?;
        }
        let taken = to.len().min(self.plain.len() - self.at);
        to[..taken].copy_from_slice(&self.plain[self.at..self.at + taken]);
        self.at += taken;
        Ok(taken)
    }
}
