//! FAT volumes inside disk images: made, filled, read and changed without mounting.
//!
//! The same input gives the same bytes: the volume id is given, and every time stamp is
//! 2020-01-01 00:00. The encoding is the `fatfs` crate's; this module adds what an image needs
//! around it: exact parameters, whole paths, replaced files, errors with names.

mod check;
mod clock;
mod dots;
mod error;
mod geometry;
mod image;
mod make;
mod shared;
mod spec;
#[cfg(test)]
mod tests;
mod volume;

pub use error::{Damage, Error};
pub use image::image;
pub use make::{format, format_on};
pub use spec::{Kind, Label, LabelError, VolumeSpec};
pub use volume::{Entry, Volume, open, open_at};
