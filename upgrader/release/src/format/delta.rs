//! A delta: what makes a file of a release (root image, UKI, boot image) out of that of another one.
//!
//! Layout, numbers little-endian: 8 bytes magic, u32 format, u32 zero, u64 length of the file that it makes, 32 bytes that tell which
//! file it begins with, 32 bytes for the one that it makes (a root image's verity root hash, another file's SHA-256); then one zstd
//! frame, which holds a patch as the crate `bidiff` writes it.

use super::Digest;
use super::blocks::array;

const MAGIC: &[u8; 8] = b"HFDELTA\0";
const FORMAT: u32 = 1;

/// What a delta is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeltaHeader {
    /// The file that it begins with ([`Manifest::identity`](super::Manifest::identity)).
    pub from: Digest,
    /// The file that it makes.
    pub to: Digest,
    /// Bytes of the file that it makes.
    pub length: u64,
}

/// A delta is of no use here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeltaHeaderError {
    /// Something else.
    #[error("it does not begin as a delta does")]
    Magic,
    /// A later format.
    #[error("it has format {0}, this release reads format {FORMAT}")]
    Format(u32),
    /// It begins with another file.
    #[error("it begins with {found}, and {wanted} is there")]
    From {
        /// What it begins with.
        found: Digest,
        /// The one that is there.
        wanted: Digest,
    },
    /// It makes another file.
    #[error("it makes {found}, and the release has {wanted}")]
    To {
        /// What it makes.
        found: Digest,
        /// The one that is wanted.
        wanted: Digest,
    },
    /// It makes a file of another size.
    #[error("it makes {found} bytes, and the release's file has {wanted}")]
    Length {
        /// Bytes that it makes.
        found: u64,
        /// Bytes that are wanted.
        wanted: u64,
    },
}

impl DeltaHeader {
    /// Bytes of a header.
    pub const SIZE: usize = 88;

    /// Reads the first bytes of a delta.
    ///
    /// # Errors
    /// They are not a header that this release reads.
    pub fn parse(bytes: &[u8; Self::SIZE]) -> Result<DeltaHeader, DeltaHeaderError> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(DeltaHeaderError::Magic)?;
        let format = u32::from_le_bytes(array(&rest[..4]));
        if format != FORMAT {
            return Err(DeltaHeaderError::Format(format));
        }
        Ok(DeltaHeader {
            from: Digest(array(&rest[16..48])),
            to: Digest(array(&rest[48..])),
            length: u64::from_le_bytes(array(&rest[8..16])),
        })
    }

    /// The header as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORMAT.to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend(self.length.to_le_bytes());
        bytes.extend(self.from.0);
        bytes.extend(self.to.0);
        bytes
    }

    /// Whether a delta with this header is the one that is wanted.
    ///
    /// # Errors
    /// What differs.
    pub fn is(&self, wanted: &DeltaHeader) -> Result<(), DeltaHeaderError> {
        if self.from != wanted.from {
            return Err(DeltaHeaderError::From {
                found: self.from,
                wanted: wanted.from,
            });
        }
        if self.to != wanted.to {
            return Err(DeltaHeaderError::To {
                found: self.to,
                wanted: wanted.to,
            });
        }
        if self.length != wanted.length {
            return Err(DeltaHeaderError::Length {
                found: self.length,
                wanted: wanted.length,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> DeltaHeader {
        DeltaHeader {
            from: Digest([1; 32]),
            to: Digest([2; 32]),
            length: 202_186_752,
        }
    }

    fn parse(bytes: &[u8]) -> Result<DeltaHeader, DeltaHeaderError> {
        DeltaHeader::parse(bytes.try_into().unwrap())
    }

    #[test]
    fn there_and_back() {
        assert_eq!(parse(&header().encode()), Ok(header()));
        let mut other = header().encode();
        other[0] = 0;
        assert_eq!(parse(&other), Err(DeltaHeaderError::Magic));
        let mut later = header().encode();
        later[8] = 2;
        assert_eq!(parse(&later), Err(DeltaHeaderError::Format(2)));
    }

    #[test]
    fn each_difference_has_its_own_words() {
        let wanted = header();
        assert_eq!(wanted.is(&wanted), Ok(()));
        let other = Digest([3; 32]);
        for (words, found) in [
            (
                "begins with 0303",
                DeltaHeader {
                    from: other,
                    ..wanted
                },
            ),
            (
                "makes 0303",
                DeltaHeader {
                    to: other,
                    ..wanted
                },
            ),
            (
                "makes 7 bytes",
                DeltaHeader {
                    length: 7,
                    ..wanted
                },
            ),
        ] {
            let error = found.is(&wanted).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
