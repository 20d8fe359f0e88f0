//! The kernel of the image: its modules, unpacked and indexed, and the few that the initramfs carries.

pub(crate) mod files;
mod firmware;
mod index;
mod information;
mod modules;
mod own;

pub(crate) use index::Index;
use modules::release;
pub(crate) use modules::{Modules, install};
pub(crate) use own::Own;
