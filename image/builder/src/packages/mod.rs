//! Debian packages: which are wanted, which exactly were resolved, and how they get here.

mod fetch;
mod list;
mod lock;
mod mirror;
mod resolve;
mod unpack;

pub(crate) use fetch::{fetch, place as deb};
pub(crate) use list::PackageList;
#[cfg(test)]
pub(crate) use lock::Archive;
pub use lock::{Lock, LockedPackage};
pub use mirror::Mirror;
pub(crate) use resolve::{AptRoot, KEYRING, parse_uris, resolve};
pub(crate) use unpack::{Kind, Unpacked, extract, unpack};
