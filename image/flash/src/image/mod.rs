//! An image on the workstation: what it is, whether it is whole, and its bytes.

mod checksum;
mod error;
mod facts;
mod packing;
mod patch;

pub use checksum::Sum;
pub use error::ImageError;
pub use facts::Image;
pub use patch::{Patch, must_be_signed, read_config};
