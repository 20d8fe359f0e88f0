//! A program on its way to where the boot loader may start it later.

use crate::SlotsError;
use crate::folder::NewFile;
use crate::tryboot::NewImage;
use std::time::Duration;

/// A program that is being written beside the entries. Dropped before [`Writing::finish`], it leaves what no boot loader starts
/// and the next one of its name replaces.
#[derive(Debug)]
pub struct Writing(Kind);

#[derive(Debug)]
enum Kind {
    /// To a file on the boot partition.
    File(NewFile),
    /// To a slot's own boot partition.
    Image(NewImage),
}

impl Writing {
    pub(crate) fn of_file(file: NewFile) -> Self {
        Self(Kind::File(file))
    }

    pub(crate) fn of_image(image: NewImage) -> Self {
        Self(Kind::Image(image))
    }

    /// Writes the next bytes. Tells how long to leave the disk to others before the next.
    ///
    /// # Errors
    /// The disk does not take them.
    pub fn write(&mut self, bytes: &[u8]) -> Result<Duration, SlotsError> {
        match &mut self.0 {
            Kind::File(file) => file.write(bytes),
            Kind::Image(image) => image.write(bytes),
        }
    }

    /// Flushes the program and reads it back from the device: it must be what has this SHA-256.
    ///
    /// # Errors
    /// It is something else; nothing starts it then.
    pub fn finish(self, sha256: &str) -> Result<(), SlotsError> {
        match self.0 {
            Kind::File(file) => file.finish(sha256),
            Kind::Image(image) => image.finish(sha256),
        }
    }
}
