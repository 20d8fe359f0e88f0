//! Debian packages: which are wanted, which exactly were resolved, and how they get here.

mod backports;
mod fetch;
mod list;
mod lock;
mod mirror;
mod own_modules;
mod patterns;
mod resolve;
mod unpack;
mod wanted;

pub(crate) use fetch::{fetch, place as deb};
pub(crate) use list::PackageList;
pub use lock::{Lock, LockedPackage};
pub use mirror::Mirror;
pub(crate) use own_modules::{OwnModules, kernel as locked_kernel};
pub use patterns::Patterns;
pub(crate) use resolve::{AptRoot, Archives, parse_uris, resolve};
pub(crate) use unpack::{Kind, Unpacked, extract, unpack};
pub(crate) use wanted::Wanted;
