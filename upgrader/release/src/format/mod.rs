//! What a release is, as files. Each kind is read from bytes that somebody else wrote: a limit on its size, a number for its
//! format, raw values first, then checked ones. Unknown keys are allowed, since older releases read what newer ones write.

mod arch;
mod blocks;
mod content;
mod delta;
mod digest;
mod manifest;
mod names;
mod releases;
mod version;

pub use arch::Arch;
pub use blocks::{BLOCK_SIZE, BlockIndex, BlockIndexError};
pub use content::ContentError;
pub use delta::{DeltaHeader, DeltaHeaderError};
pub use digest::Digest;
pub use manifest::{FileFacts, Manifest, RawFile, RawManifest};
pub use names::{File, RELEASES, delta_name, target_name};
#[cfg(feature = "publish")]
pub(crate) use names::{is_delta, target_folder};
pub use releases::{Channel, Release, Releases, Severity};
pub use version::{NameError, Version};
