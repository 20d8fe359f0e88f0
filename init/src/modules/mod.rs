//! Kernel modules in the initramfs: which ones a device wants, in which order, and loading them.

mod coldplug;
mod glob;
mod index;
mod load;

pub(crate) use coldplug::modaliases;
pub use index::Index;
pub(crate) use load::{LoadError, Loader};
