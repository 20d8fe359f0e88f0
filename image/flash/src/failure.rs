//! What can stop the writing of a disk.

use crate::image::ImageError;
use std::io;

/// Why the disk was not written to its end. It has no partition table now.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The disk did not take it.
    #[error("cannot write at {}{}", place(*.offset), hint(.source))]
    Write {
        /// Where.
        offset: u64,
        /// Why.
        source: io::Error,
    },
    /// The disk could not say that it has everything.
    #[error("the disk did not confirm what was written{}", hint(.source))]
    Flush {
        /// Why.
        source: io::Error,
    },
    /// What was written cannot be read.
    #[error("cannot read back at {}{}", place(*.offset), hint(.source))]
    Read {
        /// Where.
        offset: u64,
        /// Why.
        source: io::Error,
    },
    /// The disk gives back something else than it was given.
    #[error(
        "the {length} bytes at {} are not what was written: the card or disk is worn out, or smaller than it says. Use another one{}",
        place(*.offset), if *.left_to_device { "; or, if it has worked well so far, try --write-zeros: its adapter may not erase what it says it erased" } else { "" }
    )]
    Differs {
        /// Where the piece begins.
        offset: u64,
        /// Its length.
        length: usize,
        /// Whether the device was asked to make zeros there by itself.
        left_to_device: bool,
    },
    /// The image could not be read to its end, or its end is wrong.
    #[error("the image cannot be read to its end")]
    Image(#[from] ImageError),
    /// Somebody stopped it.
    #[error("it was stopped after {}", place(*.offset))]
    Stopped {
        /// How far it had come.
        offset: u64,
    },
}

fn place(offset: u64) -> String {
    format!("byte {offset} ({:.1} MB)", offset as f64 / 1e6)
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::UnexpectedEof | io::ErrorKind::WriteZero => {
            ": the disk ends there. It was pulled out, or it is smaller than it says"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ": the disk is write-protected"
        }
        _ => {
            ": the card, disk or reader is broken, or was pulled out. Try another port or reader, then another card"
        }
    }
}
