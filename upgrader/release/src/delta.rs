//! Making a file of a release out of that of another one, by a delta.

use crate::format::{DeltaHeader, DeltaHeaderError};
use std::io::{self, BufReader, Read, Seek};

/// The decoder keeps so much of what it gave, as a power of two: 8 MiB. A delta that wants more is refused.
pub(crate) const WINDOW_LOG: u32 = 23;

/// A delta cannot be applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeltaError {
    /// It is not the one that is wanted.
    #[error("this delta cannot be used: {0}")]
    Header(#[from] DeltaHeaderError),
    /// It ends in its header.
    #[error("the delta is cut off: it ends before its header does")]
    Short,
    /// It is no patch.
    #[error("the delta cannot be read: {0}")]
    Read(String),
}

/// A file as it comes out of a delta: [`Read`] gives its bytes from the first to the last. **Not verified**: the caller checks
/// blocks, or the digest of all of it. Constant memory, whatever the files are: the decoder's window of 8 MiB and some small buffers.
pub struct Delta<D: Read, O: Read + Seek> {
    made: bipatch::Reader<zstd::Decoder<'static, BufReader<D>>, O>,
}

impl<D: Read, O: Read + Seek> Delta<D, O> {
    /// Reads the head of a delta; `old` stands at the first byte of the file that it begins with.
    ///
    /// # Errors
    /// It is not the delta that is wanted.
    pub fn open(mut delta: D, old: O, wanted: &DeltaHeader) -> Result<Self, DeltaError> {
        let mut header = [0; DeltaHeader::SIZE];
        delta
            .read_exact(&mut header)
            .map_err(|_| DeltaError::Short)?;
        DeltaHeader::parse(&header)?.is(wanted)?;
        let unreadable = |error: &dyn std::fmt::Display| DeltaError::Read(error.to_string());
        let mut patch = zstd::Decoder::new(delta).map_err(|error| unreadable(&error))?;
        patch
            .window_log_max(WINDOW_LOG)
            .map_err(|error| unreadable(&error))?;
        let made = bipatch::Reader::new(patch, old).map_err(|error| unreadable(&error))?;
        Ok(Self { made })
    }
}

impl<D: Read, O: Read + Seek> Read for Delta<D, O> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.made.read(buffer)
    }
}

impl<D: Read, O: Read + Seek> std::fmt::Debug for Delta<D, O> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Delta").finish_non_exhaustive()
    }
}
